# shellcheck shell=sh
# What vapp and the scripts of the running devcontainer are told of the options.

write_settings() {
  mkdir -p /etc/velocitas
  machine_settings >/etc/velocitas/vapp.json
  chmod 644 /etc/velocitas/vapp.json
  {
    printf 'DOCKER_MODE=%s\n' "$DOCKERMODE"
    printf 'AUTO_START=%s\n' "$AUTOSTART"
    printf 'HTTP_PROXY_OF_IMAGE=%s\n' "$(shell_quote "$(storable "${http_proxy:-}")")"
    printf 'HTTPS_PROXY_OF_IMAGE=%s\n' "$(shell_quote "$(storable "${https_proxy:-}")")"
    printf 'NO_PROXY_OF_IMAGE=%s\n' "$(shell_quote "${no_proxy:-}")"
  } >"$HOME_OF_FEATURE/feature.conf"
  chmod 644 "$HOME_OF_FEATURE/feature.conf"
}

# JSON as vapp reads it: only what was set.
machine_settings() {
  {
    json_member k3sImage "$K3SIMAGE"
    json_member caCertificate "$CA_FILE"
    json_member bundle "$BUNDLE_FILE"
    proxy=$(
      {
        json_member http "$(storable "${http_proxy:-}")"
        json_member https "$(storable "${https_proxy:-}")"
        json_member no "${no_proxy:-}"
      } | json_object
    )
    [ "$proxy" = '{}' ] || printf '"proxy":%s\n' "$proxy"
  } | json_object
  printf '\n'
}

# json_member NAME VALUE: nothing for an empty value.
json_member() {
  [ -n "$2" ] || return 0
  printf '"%s":"%s"\n' "$1" "$(printf '%s' "$2" | sed 's/\\/\\\\/g; s/"/\\"/g')"
}

# Members, one a line, become one object.
json_object() {
  printf '{%s}' "$(paste -s -d , -)"
}

# storable URL: an image is passed on, so it gets no password. The environment of the devcontainer may bring one.
storable() {
  case $1 in
    *@*)
      say 'a proxy with a password is not written into the image; set it in the environment of the devcontainer.' >&2
      ;;
    *) printf '%s' "$1" ;;
  esac
}

shell_quote() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}
