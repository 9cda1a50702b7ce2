#!/bin/bash
# Installed twice: with other options, and with the defaults.
set -e
# shellcheck source=/dev/null
source dev-container-features-test-lib

check "vapp runs" vapp --version
check "k3d runs" k3d version
check "there is one Helm" bash -c "test \"\$(type -ap helm | wc -l)\" -eq 1"
check "Helm runs" helm version --short
check "the settings are those of one installation" jq -e . /etc/velocitas/vapp.json
check "nothing of the installations is left" bash -c "! ls -d /usr/local/share/velocitas-staging.*"

reportResults
