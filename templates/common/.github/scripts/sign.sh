#!/usr/bin/env bash
# Signs RELEASED, a list of references by digest, in the name of this workflow, with everything that an index holds.
# SBOM and provenance of an image are part of its index, so its signature covers them.
set -euo pipefail

jq --raw-output '.[]' <<< "$RELEASED" | while read -r reference; do
  cosign sign --yes --recursive "$reference"
done
