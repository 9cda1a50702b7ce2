#!/bin/bash
# The whole container runs as a user who may use sudo.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "is not root" test "$(id -u)" -ne 0
check "an engine of its own answers" docker version

reportResults
