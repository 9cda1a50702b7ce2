#!/bin/sh
# Called by onCreateCommand and postStartCommand, as the remote user in the folder of the repository. Starts the runtime
# in the background. Whatever goes wrong here, the devcontainer opens: vapp and the tree say what to do.
set -u

home=/usr/local/share/velocitas
failure=/var/log/velocitas/docker-failure
# shellcheck source=/dev/null
. "$home/feature.conf"

[ ! -s "$failure" ] || cat "$failure"
[ "$AUTO_START" = true ] || exit 0
command -v vapp >/dev/null 2>&1 || exit 0
[ ! -s "$failure" ] || exit 0
if [ "$DOCKER_MODE" = none ] && ! docker version >/dev/null 2>&1; then
  exit 0
fi
vapp up --background || echo 'velocitas: the runtime was not started; "vapp up" says why.'
exit 0
