# shellcheck shell=sh
# A bundle made by `vapp bundle save`: vapp, Node, tools and images in one archive. Its images are loaded when the runtime
# starts, because only then there is a Docker to load them into.

# Sets BUNDLE_FILE to where the bundle will be at start.
unpack_bundle() {
  BUNDLE_FILE=
  bundle_archive=
  case $BUNDLE in
    '') return 0 ;;
    http://* | https://* | file:///*)
      mkdir -p "$staging/share"
      bundle_archive=$staging/share/bundle.tar
      BUNDLE_FILE=$HOME_OF_FEATURE/bundle.tar
      say 'downloading the bundle'
      fetch_as_is "$BUNDLE" "$bundle_archive" 'the bundle'
      chmod 644 "$bundle_archive"
      ;;
    /*)
      BUNDLE_FILE=$BUNDLE
      [ ! -r "$BUNDLE" ] || bundle_archive=$BUNDLE
      ;;
    *) fail "option bundle: \"$BUNDLE\" is neither an absolute path nor a URL (http, https or file)." ;;
  esac
  if [ -z "$bundle_archive" ]; then
    say "$BUNDLE is not in the image: its images will be loaded at start, and all tools are downloaded."
    return 0
  fi
  mkdir -p "$staging/bundle"
  # The images are by far the largest part and are checked when they are loaded.
  tar -xf "$bundle_archive" -C "$staging/bundle" --exclude 'images/*' --exclude './images/*' 2>"$staging/tar.log" ||
    fail "the bundle cannot be unpacked: $(tail -n 1 "$staging/tar.log")"
  check_bundle
}

check_bundle() {
  [ -f "$staging/bundle/SHA256SUMS" ] || fail 'what option bundle names is not a bundle: it has no SHA256SUMS.'
  grep -v ' [ *]\(\./\)\{0,1\}images/' "$staging/bundle/SHA256SUMS" >"$staging/bundle.sums"
  (cd "$staging/bundle" && sha256sum -c "$staging/bundle.sums") >"$staging/bundle.log" 2>&1 ||
    fail "the bundle is damaged: $(grep -v ': OK$' "$staging/bundle.log" | head -n 1)"
  "$staging/bundle/tools/kubectl" version --client >/dev/null 2>&1 ||
    fail "the bundle was made for another architecture than this one ($ARCH)."
}

# bundle_has PATH
bundle_has() {
  [ -f "$staging/bundle/$1" ]
}

# take_from_bundle PATH FILE
take_from_bundle() {
  say "$(basename "$1") of the bundle"
  mv "$staging/bundle/$1" "$2"
}
