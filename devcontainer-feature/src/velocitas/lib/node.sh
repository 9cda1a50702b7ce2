# shellcheck shell=sh
# Node for vapp. One that is new enough on the PATH is used; else vapp gets one that nobody else sees.

NODE_VERSION=24.21.0

stage_node() {
  if bundle_has node/bin/node; then
    mkdir -p "$staging/share/node/bin"
    take_from_bundle node/bin/node "$staging/share/node/bin/node"
    chmod 755 "$staging/share/node/bin/node"
  elif ! has_node; then
    obtain_node
  fi
}

has_node() {
  has node && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
  '
}

obtain_node() {
  if [ "$DISTRIBUTION" = alpine ]; then
    # nodejs.org has none for musl.
    install_packages nodejs
    has_node || fail 'the nodejs of this Alpine is older than 20.19, which vapp needs; use a newer Alpine.'
    return 0
  fi
  say "node $NODE_VERSION for vapp"
  node_arch=$ARCH
  [ "$ARCH" != amd64 ] || node_arch=x64
  node_folder=node-v$NODE_VERSION-linux-$node_arch
  release=https://nodejs.org/dist/v$NODE_VERSION
  fetch_checked "$release/$node_folder.tar.gz" "$release/SHASUMS256.txt" "$staging/node.tar.gz" "node $NODE_VERSION"
  mkdir -p "$staging/share/node/bin"
  tar -xzf "$staging/node.tar.gz" -C "$staging" "$node_folder/bin/node" "$node_folder/LICENSE" ||
    fail "the archive of node $NODE_VERSION cannot be unpacked."
  mv "$staging/$node_folder/bin/node" "$staging/share/node/bin/node"
  mv "$staging/$node_folder/LICENSE" "$staging/share/node/LICENSE"
  rm "$staging/node.tar.gz"
}
