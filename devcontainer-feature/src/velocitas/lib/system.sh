# shellcheck shell=sh
# The machine: rights, architecture, distribution and its packages.

HOME_OF_FEATURE=/usr/local/share/velocitas

require_root() {
  [ "$(id -u)" = 0 ] || fail 'installing needs root; devcontainer tools run a Feature as root.'
}

# Sets ARCH as Go names it, and DISTRIBUTION as the family that decides about packages.
require_platform() {
  case $(uname -m) in
    x86_64 | amd64) ARCH=amd64 ;;
    aarch64 | arm64) ARCH=arm64 ;;
    *) fail "the architecture $(uname -m) is not supported: only amd64 and arm64 are." ;;
  esac
  # shellcheck source=/dev/null
  DISTRIBUTION=$(. /etc/os-release 2>/dev/null && family_of "${ID:-} ${ID_LIKE:-}") || DISTRIBUTION=
  [ -n "$DISTRIBUTION" ] || fail 'this distribution is not supported: only Debian, Ubuntu, Alpine and Fedora are.'
}

# family_of "ID ID_LIKE"
family_of() {
  case " $1 " in
    *' debian '* | *' ubuntu '*) printf debian ;;
    *' alpine '*) printf alpine ;;
    *' fedora '*) printf fedora ;;
  esac
}

require_space() {
  needed_mib=500
  [ "$DOCKERMODE" != in-docker ] || needed_mib=1000
  mkdir -p /usr/local/share
  free_mib=$(df -Pk /usr/local/share | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free_mib" -ge "$needed_mib" ] ||
    fail "too little disk: $free_mib MiB are free in /usr/local/share, $needed_mib MiB are needed."
}

# Beside the final place, so that moving into place is a rename.
make_staging() {
  mktemp -d /usr/local/share/velocitas-staging.XXXXXX || fail 'no staging folder can be made in /usr/local/share.'
}

# curl reads only the lower-case names, other programs only the others.
share_proxies() {
  http_proxy=${http_proxy:-${HTTP_PROXY:-}}
  https_proxy=${https_proxy:-${HTTPS_PROXY:-}}
  no_proxy=${no_proxy:-${NO_PROXY:-}}
  [ -z "$http_proxy" ] || export http_proxy HTTP_PROXY="$http_proxy"
  [ -z "$https_proxy" ] || export https_proxy HTTPS_PROXY="$https_proxy"
  [ -z "$no_proxy" ] || export no_proxy NO_PROXY="$no_proxy"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

ensure_packages_for_downloads() {
  missing=
  has curl || missing="$missing curl"
  has tar || missing="$missing tar"
  [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] ||
    missing="$missing ca-certificates"
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages $missing
}

# install_packages NAME...: from the repositories of the distribution.
install_packages() {
  say "installing packages: $*"
  install_log=$staging/packages.log
  if run_package_manager "$@" >"$install_log" 2>&1; then
    return 0
  fi
  if grep -qi 'no space left' "$install_log"; then
    fail "too little disk to install packages ($*)."
  fi
  fail "the packages $* could not be installed: $(package_error "$install_log")"
}

run_package_manager() {
  case $DISTRIBUTION in
    debian)
      export DEBIAN_FRONTEND=noninteractive
      apt-get update -q && apt-get install -q -y --no-install-recommends "$@" && rm -rf /var/lib/apt/lists/*
      ;;
    alpine) apk add --no-cache "$@" ;;
    fedora) dnf install -q -y --setopt=install_weak_deps=False "$@" && dnf clean all ;;
  esac
}

# package_error LOG: the line that says most.
package_error() {
  grep -E '^(E:|ERROR|Error|W: Failed)' "$1" | tail -n 1 | grep . || tail -n 1 "$1"
}

# has_package NAME: whether the distribution offers it; apt's lists must have been read.
has_debian_package() {
  apt-get update -q >/dev/null 2>&1 || true
  apt-cache show "$1" >/dev/null 2>&1
}

# add_to_group GROUP
add_to_group() {
  [ "$REMOTE_USER" != root ] || return 0
  id "$REMOTE_USER" >/dev/null 2>&1 || return 0
  if has usermod; then
    usermod -a -G "$1" "$REMOTE_USER"
  else
    addgroup "$REMOTE_USER" "$1"
  fi
}

ensure_group() {
  grep -q "^$1:" /etc/group && return 0
  if has groupadd; then groupadd --system "$1"; else addgroup -S "$1"; fi
}
