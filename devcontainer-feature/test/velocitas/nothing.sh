#!/bin/bash
# Everything is left to whoever builds the image.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

for tool in vapp k3d helm kubectl docker dockerd node; do
  check "no $tool" bash -c "! command -v $tool"
done
check "the devcontainer opens" test -r /usr/local/share/velocitas/feature.conf

reportResults
