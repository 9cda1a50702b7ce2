# shellcheck shell=sh
# k3d, Helm, kubectl and buildx.

stage_tools() {
  mkdir -p "$staging/bin" "$staging/plugins"
  stage_tool k3d "$K3D"
  stage_tool helm "$HELM"
  stage_tool kubectl "$KUBECTL"
  stage_tool buildx "$BUILDX"
}

# stage_tool NAME VALUE
stage_tool() {
  [ "$2" != none ] || return 0
  if bundle_has "tools/$(program_of "$1")"; then
    take_from_bundle "tools/$(program_of "$1")" "$(place_of "$1")"
  else
    tool_version=$("resolve_$1" "$2")
    if is_installed "$1" "$tool_version"; then
      say "$1 $tool_version is there already."
      return 0
    fi
    say "$1 $tool_version"
    "fetch_$1" "$tool_version" "$(place_of "$1")"
  fi
  chmod 755 "$(place_of "$1")"
  report_of "$1" "$(place_of "$1")" >/dev/null 2>&1 || fail "$1 was downloaded, but does not run on this machine ($ARCH)."
}

program_of() {
  case $1 in buildx) printf docker-buildx ;; *) printf '%s' "$1" ;; esac
}

place_of() {
  case $1 in buildx) printf '%s/plugins/docker-buildx' "$staging" ;; *) printf '%s/bin/%s' "$staging" "$1" ;; esac
}

# report_of NAME PROGRAM: what the program says of its version.
report_of() {
  case $1 in
    kubectl) "$2" version --client ;;
    *) "$2" version ;;
  esac
}

# is_installed NAME VERSION
is_installed() {
  installed=$(command -v "$1" 2>/dev/null) || installed=
  [ "$1" != buildx ] || installed=/usr/local/lib/docker/cli-plugins/docker-buildx
  [ -x "$installed" ] || return 1
  report_of "$1" "$installed" 2>/dev/null | tr -s ' ,:"' '\n' | grep -Fqx "v$2"
}

resolve_k3d() { resolve k3d "$1" github k3d-io/k3d; }
resolve_helm() { resolve helm "$1" file https://get.helm.sh/helm-latest-version; }
resolve_kubectl() { resolve kubectl "$1" file https://dl.k8s.io/release/stable.txt; }
resolve_buildx() { resolve buildx "$1" github docker/buildx; }

# fetch_NAME VERSION FILE
fetch_k3d() {
  release=https://github.com/k3d-io/k3d/releases/download/v$1
  fetch_checked "$release/k3d-linux-$ARCH" "$release/checksums.txt" "$2" "k3d $1"
}

fetch_helm() {
  archive=https://get.helm.sh/helm-v$1-linux-$ARCH.tar.gz
  fetch_checked "$archive" "$archive.sha256sum" "$staging/helm.tar.gz" "helm $1"
  tar -xzf "$staging/helm.tar.gz" -C "$staging" "linux-$ARCH/helm" || fail "the archive of helm $1 cannot be unpacked."
  mv "$staging/linux-$ARCH/helm" "$2"
}

fetch_kubectl() {
  program=https://dl.k8s.io/release/v$1/bin/linux/$ARCH/kubectl
  fetch_checked "$program" "$program.sha256" "$2" "kubectl $1"
}

fetch_buildx() {
  release=https://github.com/docker/buildx/releases/download/v$1
  fetch_checked "$release/buildx-v$1.linux-$ARCH" "$release/checksums.txt" "$2" "buildx $1"
}
