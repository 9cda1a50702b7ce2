# shellcheck shell=sh
# One more certificate authority, trusted by this image: by what is downloaded here, and later by Docker.

trust_certificate() {
  CA_FILE=
  [ -n "$CACERTIFICATE" ] || return 0
  CA_FILE=$HOME_OF_FEATURE/ca.pem
  staged_ca=$staging/share/ca.pem
  mkdir -p "$staging/share"
  obtain_certificate "$staged_ca"
  grep -q 'BEGIN CERTIFICATE' "$staged_ca" || fail 'option caCertificate: what it names is not a certificate in PEM.'
  chmod 644 "$staged_ca"
  add_to_system_trust "$staged_ca"
  say 'the certificate authority of option caCertificate is trusted.'
}

# obtain_certificate FILE
obtain_certificate() {
  case $CACERTIFICATE in
    /*)
      [ -r "$CACERTIFICATE" ] || fail "option caCertificate: there is no $CACERTIFICATE in the image."
      cp "$CACERTIFICATE" "$1"
      ;;
    http://* | https://* | file:///*) fetch_as_is "$CACERTIFICATE" "$1" 'the certificate of option caCertificate' ;;
    *)
      printf '%s' "$CACERTIFICATE" | base64 -d >"$1" 2>/dev/null ||
        fail 'option caCertificate: it is neither an absolute path, nor a URL, nor base64.'
      ;;
  esac
}

# add_to_system_trust FILE
add_to_system_trust() {
  if [ "$DISTRIBUTION" = fedora ]; then
    cp "$1" /etc/pki/ca-trust/source/anchors/velocitas.pem
    refresh_trust update-ca-trust
    return 0
  fi
  # Alpine's base has the bundle without the program, and fetches the program by https.
  has update-ca-certificates || cat "$1" >>/etc/ssl/certs/ca-certificates.crt
  has update-ca-certificates || install_packages ca-certificates
  mkdir -p /usr/local/share/ca-certificates
  cp "$1" /usr/local/share/ca-certificates/velocitas.crt
  refresh_trust update-ca-certificates
}

# refresh_trust PROGRAM
refresh_trust() {
  "$1" >/dev/null 2>&1 || fail "$1 did not accept the certificate of option caCertificate."
}
