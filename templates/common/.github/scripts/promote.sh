#!/usr/bin/env bash
# Gives what CI tested for COMMIT the version of TAG (vX.Y.Z): the same digest under one more tag, nothing is built.
# Publishes each app's chart as an OCI artifact. Leaves charts and SBOMs in dist/.
# Output: released, a list of references by digest: images and charts.
set -euo pipefail

version="${TAG#v}"
owner="${REGISTRY,,}/${GITHUB_REPOSITORY,,}"
released='[]'
mkdir -p dist
# Only a registry on this very machine, as `act` is given one, does without TLS.
plain=()
case "$owner" in localhost:*) plain=(--plain-http) ;; esac

digest_of() { docker buildx imagetools inspect "$1" --format '{{json .Manifest}}' | jq --raw-output .digest; }

# Apart from the loop, whose list may fail without anybody noticing.
apps=$(vapp --output json apps | jq --raw-output 'select(.type == "outcome").value[].id')
for app in $apps; do
  tested="$owner/$app:tested-$COMMIT"
  digest=$(digest_of "$tested") || {
    echo "::error::CI has not passed for this commit (there is no $tested). Wait for it, or mend it, then run this workflow again."
    exit 1
  }
  docker buildx imagetools create --progress plain --tag "$owner/$app:$version" "$owner/$app@$digest"
  published=$(digest_of "$owner/$app:$version")
  [ "$published" = "$digest" ] || { echo "::error::$app: tested $digest, but $published would be released."; exit 1; }
  docker buildx imagetools inspect "$owner/$app@$digest" --format '{{json .SBOM}}' > "dist/$app-$version.sbom.json"

  vapp package "$app" --image "$owner/$app@$digest" --version "$version" --destination dist
  chart=$(helm push "${plain[@]}" "dist/$app-$version.tgz" "oci://$owner/charts" 2>&1 | tee /dev/stderr | sed --quiet 's/^Digest: //p')
  released=$(jq --compact-output --arg image "$owner/$app@$digest" --arg chart "$owner/charts/$app@$chart" \
    '. + [$image, $chart]' <<< "$released")
done
echo "released=$released" >> "$GITHUB_OUTPUT"
