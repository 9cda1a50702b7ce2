# shellcheck shell=sh
# The options of devcontainer-feature.json, which arrive as environment variables in capitals.

read_options() {
  K3D=${K3D:-5.8.3}
  HELM=${HELM:-4.1.4}
  KUBECTL=${KUBECTL:-1.34.3}
  BUILDX=${BUILDX:-0.26.1}
  VAPP=${VAPP:-0.1.0}
  DOCKERMODE=${DOCKERMODE:-in-docker}
  K3SIMAGE=${K3SIMAGE:-}
  AUTOSTART=${AUTOSTART:-true}
  DOWNLOADMIRROR=${DOWNLOADMIRROR:-}
  CACERTIFICATE=${CACERTIFICATE:-}
  BUNDLE=${BUNDLE:-}
  REMOTE_USER=${_REMOTE_USER:-root}
  check_version k3d "$K3D"
  check_version helm "$HELM"
  check_version kubectl "$KUBECTL"
  check_version buildx "$BUILDX"
  check_version vapp "$VAPP"
  check_choice dockerMode "$DOCKERMODE" in-docker outside-of-docker none
  check_choice autoStart "$AUTOSTART" true false
  check_mirror
}

# check_choice OPTION VALUE CHOICE...
check_choice() {
  checked_option=$1
  checked_value=$2
  shift 2
  for choice in "$@"; do
    [ "$checked_value" != "$choice" ] || return 0
  done
  fail "option $checked_option: \"$checked_value\" is none of: $*."
}

# check_version OPTION VALUE
check_version() {
  case $2 in latest | none) return 0 ;; esac
  printf '%s\n' "$2" | grep -Eq '^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$' ||
    fail "option $1: \"$2\" is neither latest, nor none, nor a version such as 1.2.3."
}

check_mirror() {
  case $DOWNLOADMIRROR in
    '' | http://* | https://* | file:///*) ;;
    *) fail "option downloadMirror: \"$DOWNLOADMIRROR\" does not begin with http://, https:// or file:///." ;;
  esac
}
