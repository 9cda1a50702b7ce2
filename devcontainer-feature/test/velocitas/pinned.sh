#!/bin/bash
# Exact versions, and a tool that is left out.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "Helm is 3.16.1" bash -c "helm version --short | grep -F v3.16.1"
check "k3d is 5.8.3" bash -c "k3d version | grep -F v5.8.3"
check "kubectl was not wanted" bash -c "! command -v kubectl"
check "no engine was wanted" bash -c "! command -v dockerd"
check "the image of the nodes is noted" bash -c "jq -e '.k3sImage == \"rancher/k3s:v1.33.1-k3s1\"' /etc/velocitas/vapp.json"

reportResults
