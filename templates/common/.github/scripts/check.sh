#!/usr/bin/env bash
# Lint and unit tests of each app. They run while the stage `unit-test` of its Dockerfile is built, with the tools and
# dependencies of the image itself.
set -euo pipefail

vapp --output json apps | jq --raw-output 'select(.type == "outcome").value[] | "\(.id) \(.dockerfile) \(.context)"' \
  | while read -r app dockerfile context; do
    if grep --quiet --ignore-case --extended-regexp '^FROM[[:space:]].*[[:space:]]AS[[:space:]]+unit-test[[:space:]]*$' "$dockerfile"; then
      docker buildx build --progress plain --output type=cacheonly --target unit-test --file "$dockerfile" "$context"
    else
      echo "::warning file=$dockerfile::$app has no stage unit-test: no lint, no unit tests."
    fi
  done
