#!/bin/bash
# All defaults, with the packages of another distribution.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "vapp runs" vapp --version
check "k3d runs" k3d version
check "Helm runs" helm version --short
check "kubectl runs" kubectl version --client
check "an engine of its own answers" docker version
check "buildx is there" docker buildx version

reportResults
