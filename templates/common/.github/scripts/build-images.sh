#!/usr/bin/env bash
# Builds each app for all its platforms and pushes it as REGISTRY/OWNER/REPOSITORY/APP:COMMIT.
# Outputs: images, a list of {app, image}; tests, a list of {app, image, platform, runner, tested}. An image is pinned by
# digest; tested is false where the app has no integration tests: then it only has to run.
set -euo pipefail

# Platforms that GitHub has runners for; all others are emulated on the first.
runners='{"linux/amd64": "ubuntu-24.04", "linux/arm64": "ubuntu-24.04-arm"}'

images='[]'
tests='[]'
while read -r app platforms tested; do
  [ "$tested" = true ] || echo "::warning::$app has no stage integration-test: it is only started."
  repository="${REGISTRY,,}/${GITHUB_REPOSITORY,,}/$app"
  outcome=$(vapp --output json build "$app" --push "$repository:$COMMIT" --sbom --provenance --cache "$repository:buildcache" \
    | tee /dev/stderr | jq --compact-output 'select(.type == "outcome")') || true
  digest=$(jq --raw-output '.value[0].digest // empty' <<< "$outcome")
  [ -n "$digest" ] || { echo "::error::$app was not built: $(jq --raw-output '.failure.summary' <<< "$outcome")"; exit 1; }
  image="$repository@$digest"
  images=$(jq --compact-output --arg app "$app" --arg image "$image" '. + [{$app, $image}]' <<< "$images")
  tests=$(jq --compact-output --arg app "$app" --arg image "$image" --argjson platforms "$platforms" --argjson runners "$runners" --argjson tested "$tested" \
    '. + [$platforms[] as $platform | {$app, $image, $platform, $tested, runner: ($runners[$platform] // "ubuntu-24.04")}]' <<< "$tests")
done < <(vapp --output json apps | jq --raw-output 'select(.type == "outcome").value[] | "\(.id) \(.platforms | tojson) \(.hasIntegrationTests)"')

[ "$images" != '[]' ] || { echo '::error::There is no app in this repository.'; exit 1; }
{
  echo "images=$images"
  echo "tests=$tests"
} >> "$GITHUB_OUTPUT"
