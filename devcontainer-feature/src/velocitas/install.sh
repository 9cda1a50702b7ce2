#!/bin/sh
# Installs vapp, the tools it works with, and Docker. Everything is fetched and tried in a staging folder first and moved
# into place at the end, so that a failure leaves nothing that looks installed.
# shellcheck source-path=SCRIPTDIR
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/report.sh"
. "$here/lib/options.sh"
. "$here/lib/system.sh"
. "$here/lib/trust.sh"
. "$here/lib/download.sh"
. "$here/lib/versions.sh"
. "$here/lib/bundle.sh"
. "$here/lib/tools.sh"
. "$here/lib/node.sh"
. "$here/lib/vapp.sh"
. "$here/lib/docker.sh"
. "$here/lib/settings.sh"
. "$here/lib/place.sh"

require_root
read_options
require_platform
require_space
staging=$(make_staging)
trap 'rm -rf "$staging"' EXIT
trap 'exit 1' HUP INT TERM

share_proxies
ensure_packages_for_downloads
trust_certificate
unpack_bundle
stage_tools
stage_vapp
install_docker
move_into_place
write_settings
say "done: $(describe_installation)"
