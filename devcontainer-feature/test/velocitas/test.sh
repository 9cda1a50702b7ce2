#!/bin/bash
# All defaults, as the remote user of the image.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "is not root" test "$(id -u)" -ne 0
check "vapp runs" vapp --version
check "k3d is the default one" bash -c "k3d version | grep -F v5.8.3"
check "Helm is the default one" bash -c "helm version --short | grep -F v4.1.4"
check "kubectl runs" kubectl version --client
check "an engine of its own answers" docker version
check "its data are on the volume" bash -c "docker info --format '{{.DockerRootDir}}' | grep -Fx /var/lib/velocitas/docker"
check "the volume is one" mountpoint /var/lib/velocitas
check "buildx is there" docker buildx version
check "nothing of the installation is left" bash -c "! ls -d /usr/local/share/velocitas-staging.*"
check "the machine settings are JSON without a value" bash -c "jq -e '. == {}' /etc/velocitas/vapp.json"
check "the scripts are root's" bash -c "! find /usr/local/share/velocitas /usr/local/bin -not -user root | grep ."

reportResults
