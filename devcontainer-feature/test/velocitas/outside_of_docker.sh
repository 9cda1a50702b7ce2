#!/bin/bash
# The engine of the machine, by its socket.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "is not root" test "$(id -u)" -ne 0
check "there is no engine inside" bash -c "! command -v dockerd"
check "the engine of the machine answers" docker version
check "this container is one of its" docker inspect "$(hostname)"
check "the socket is not everybody's" bash -c "stat -c %a /var/run/docker.sock | grep -Fx 660"

reportResults
