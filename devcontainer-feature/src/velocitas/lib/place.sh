# shellcheck shell=sh
# The last step: what was staged takes its place. An earlier installation is replaced file by file.

move_into_place() {
  mkdir -p /usr/local/bin /usr/local/lib/docker/cli-plugins "$HOME_OF_FEATURE"
  stage_scripts
  move_all "$staging/bin" /usr/local/bin
  move_all "$staging/plugins" /usr/local/lib/docker/cli-plugins
  move_all "$staging/share" "$HOME_OF_FEATURE"
}

stage_scripts() {
  mkdir -p "$staging/share"
  cp "$here/share/entrypoint.sh" "$here/share/on-open.sh" "$staging/share/"
  chmod 755 "$staging/share/entrypoint.sh" "$staging/share/on-open.sh"
}

# move_all FROM TO
move_all() {
  [ -d "$1" ] || return 0
  for item in "$1"/*; do
    [ -e "$item" ] || continue
    target=$2/$(basename "$item")
    rm -rf "$target"
    mv "$item" "$target"
    chown -R 0:0 "$target"
  done
}

describe_installation() {
  described=
  for tool in vapp k3d helm kubectl docker; do
    ! has "$tool" || described="$described $tool"
  done
  printf '%s; dockerMode %s' "${described# }" "$DOCKERMODE"
}
