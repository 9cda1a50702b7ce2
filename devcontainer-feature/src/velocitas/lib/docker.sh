# shellcheck shell=sh
# Docker from the packages of the distribution. An engine that is there already is left as it is.

install_docker() {
  case $DOCKERMODE in
    in-docker) install_engine ;;
    outside-of-docker) install_client ;;
    none) return 0 ;;
  esac
  ensure_group docker
  add_to_group docker
}

install_engine() {
  if has dockerd; then
    say 'an engine is there already and is left as it is.'
    return 0
  fi
  case $DISTRIBUTION in
    debian)
      if has_debian_package docker-cli; then
        install_packages docker.io docker-cli iptables
      else
        install_packages docker.io iptables
      fi
      ;;
    alpine) install_packages docker iptables ip6tables ;;
    fedora) install_packages moby-engine docker-cli iptables-nft util-linux ;;
  esac
  has dockerd || fail 'the packages of Docker were installed, but there is no dockerd.'
}

# The socket of the machine's engine belongs to whoever it belongs there; socat passes it on to the remote user.
install_client() {
  has socat || install_packages socat
  has docker && return 0
  if bundle_has tools/docker; then
    take_from_bundle tools/docker "$staging/bin/docker"
    chmod 755 "$staging/bin/docker"
    return 0
  fi
  case $DISTRIBUTION in
    debian) if has_debian_package docker-cli; then install_packages docker-cli; else install_packages docker.io; fi ;;
    *) install_packages docker-cli ;;
  esac
}
