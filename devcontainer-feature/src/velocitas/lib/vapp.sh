# shellcheck shell=sh
# vapp itself.

stage_vapp() {
  [ "$VAPP" != none ] || return 0
  mkdir -p "$staging/share"
  if bundle_has vapp/bin/vapp; then
    mv "$staging/bundle/vapp" "$staging/share/vapp"
  else
    vapp_version=$(resolve vapp "$VAPP" github vscode-velocitas/vscode-velocitas)
    say "vapp $vapp_version"
    release=https://github.com/vscode-velocitas/vscode-velocitas/releases/download/v$vapp_version
    archive=vapp-$vapp_version.tar.gz
    fetch_checked "$release/$archive" "$release/checksums.txt" "$staging/$archive" "vapp $vapp_version"
    tar -xzf "$staging/$archive" -C "$staging/share" || fail "the archive of vapp $vapp_version cannot be unpacked."
  fi
  [ -f "$staging/share/vapp/bin/vapp" ] || fail 'the archive of vapp has no vapp/bin/vapp.'
  chmod -R go+rX "$staging/share/vapp"
  chmod 755 "$staging/share/vapp/bin/vapp"
  stage_node
  write_launcher
  run_staged_vapp --version >/dev/null 2>&1 || fail 'vapp was downloaded, but does not run on this machine.'
}

# The editor's terminals name a Node; everywhere else it is the one that was installed with vapp, if any.
write_launcher() {
  mkdir -p "$staging/bin"
  cat >"$staging/bin/vapp" <<'LAUNCHER'
#!/bin/sh
home=/usr/local/share/velocitas
[ -x "${VELOCITAS_NODE:-}" ] || VELOCITAS_NODE=$home/node/bin/node
export VELOCITAS_NODE
exec "$home/vapp/bin/vapp" "$@"
LAUNCHER
  chmod 755 "$staging/bin/vapp"
}

run_staged_vapp() {
  VELOCITAS_NODE=$staging/share/node/bin/node HOME=$staging "$staging/share/vapp/bin/vapp" "$@"
}
