#!/usr/bin/env bash
# Tags each image of IMAGES, a list of {app, image}, as tested-COMMIT. The tag is a name for the digest that was tested.
set -euo pipefail

jq --raw-output '.[].image' <<< "$IMAGES" | while read -r image; do
  docker buildx imagetools create --progress plain --tag "${image%@*}:tested-$COMMIT" "$image"
done
