#!/bin/sh
# Runs at every start of the devcontainer, before its command, and has to return. Brings up Docker as option dockerMode
# says. Whatever goes wrong is noted in one line, which on-open.sh shows.
set -u

home=/usr/local/share/velocitas
logs=/var/log/velocitas
failure=$logs/docker-failure
host_socket=/var/run/docker-host.sock
socket=/var/run/docker.sock
data=/var/lib/velocitas/docker
# shellcheck source=/dev/null
. "$home/feature.conf"

main() {
  case $DOCKER_MODE in none) return 0 ;; esac
  become_root_or_return || return 0
  mkdir -p "$logs"
  rm -f "$failure"
  case $DOCKER_MODE in
    in-docker) start_engine ;;
    outside-of-docker) pass_on_socket ;;
  esac
}

# The container's user need not be root, and may be allowed to become it.
become_root_or_return() {
  [ "$(id -u)" != 0 ] || return 0
  sudo -n "$home/entrypoint.sh" 2>/dev/null ||
    echo 'velocitas: Docker was not started: the user of the container is not root and may not use sudo.' >&2
  return 1
}

note_failure() {
  printf 'velocitas: %s\n' "$1" | tee "$failure" >&2
  chmod 644 "$failure"
}

answers() {
  docker version >/dev/null 2>&1
}

start_engine() {
  # An engine of another Feature (docker-in-docker has this script), or one that DOCKER_HOST names, is used as it is.
  if [ -x /usr/local/share/docker-init.sh ] || [ -n "${DOCKER_HOST:-}" ] || answers; then
    return 0
  fi
  if ! is_privileged; then
    note_failure 'Docker cannot start, because this container is not privileged. Use dockerMode outside-of-docker or none where privileged containers are not allowed.'
    return 0
  fi
  use_proxies_of_image
  prepare_kernel
  forget_last_run
  : >"$logs/dockerd.log"
  if run_engine || run_engine; then
    lost_ports || return 0
    stop_engine
    run_engine && return 0
  fi
  note_failure "Docker did not start: $(last_error) All of its log: $logs/dockerd.log"
}

# CAP_SYS_ADMIN is the 21st bit.
is_privileged() {
  capabilities=$(awk '/^CapEff:/ { print $2 }' /proc/self/status)
  [ $((0x$capabilities >> 21 & 1)) = 1 ]
}

# What the environment of the devcontainer says goes before what was so when its image was built.
use_proxies_of_image() {
  HTTP_PROXY=${HTTP_PROXY:-${http_proxy:-$HTTP_PROXY_OF_IMAGE}}
  HTTPS_PROXY=${HTTPS_PROXY:-${https_proxy:-$HTTPS_PROXY_OF_IMAGE}}
  NO_PROXY=${NO_PROXY:-${no_proxy:-$NO_PROXY_OF_IMAGE}}
  [ -z "$HTTP_PROXY" ] || export HTTP_PROXY
  [ -z "$HTTPS_PROXY" ] || export HTTPS_PROXY
  [ -z "$NO_PROXY" ] || export NO_PROXY
}

prepare_kernel() {
  # Where it is missing, Docker does not see that AppArmor is there.
  if [ -d /sys/kernel/security ] && ! mountpoint -q /sys/kernel/security; then
    mount -t securityfs none /sys/kernel/security 2>/dev/null || true
  fi
  # A group with processes in it cannot hand controllers on to groups below (cgroup v2).
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
  fi
  choose_iptables
}

# Kernels without nftables take rules only from the older programs.
choose_iptables() {
  iptables --wait -t nat -S >/dev/null 2>&1 && return 0
  command -v iptables-legacy >/dev/null 2>&1 || return 0
  legacy=/run/velocitas/iptables-legacy
  mkdir -p "$legacy"
  for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    older=$(printf '%s' "$name" | sed 's/tables/tables-legacy/')
    ln -sf "$(command -v "$older")" "$legacy/$name"
  done
  PATH=$legacy:$PATH
  export PATH
}

# What is below /run does not outlive a machine, but it does a container. Of containers that were being started when
# this one ended, containerd would keep enough there to refuse to start them ever again. Where a container still runs,
# its engine ended alone, and needs what is there.
forget_last_run() {
  # A process that has ended has no command line any more, though its parent may not have asked for it yet.
  ! grep -qs '/containerd-shi[m]-' /proc/[0-9]*/cmdline || return 0
  rm -rf /var/run/docker/containerd /var/run/docker/runtime-runc
}

# Starts the engine in the background, and waits until it answers or has ended.
run_engine() {
  remove_stale_files
  mkdir -p "$data"
  # shellcheck disable=SC2046
  setsid dockerd $(engine_options) >>"$logs/dockerd.log" 2>&1 </dev/null &
  engine=$!
  waited=0
  while [ "$waited" -lt 120 ]; do
    answers && return 0
    kill -0 "$engine" 2>/dev/null || return 1
    sleep 0.5
    waited=$((waited + 1))
  done
  stop_engine
  return 1
}

# An engine that was ended while it started containers keeps their ports at its next start, so that it cannot start them
# again. A second start, after an orderly end, frees them.
lost_ports() {
  grep -q 'port is already allocated' "$logs/dockerd.log"
}

stop_engine() {
  kill "$engine"
  waited=0
  while kill -0 "$engine" 2>/dev/null && [ "$waited" -lt 40 ]; do
    sleep 0.5
    waited=$((waited + 1))
  done
}

engine_options() {
  # A file that says it already is the user's, and the engine refuses to be told twice.
  grep -qs '"data-root"' /etc/docker/daemon.json || printf '%s ' "--data-root=$data"
  # Azure's DNS, which Codespaces have, does not answer to the addresses that Docker would choose.
  ! grep -qs 'internal.cloudapp.net' /etc/resolv.conf || printf '%s ' --dns=168.63.129.16
}

# The container ended without a word to the engine, so its files are there and say that it runs.
remove_stale_files() {
  rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid "$socket"
}

last_error() {
  sed -n 's/^.*\(level=fatal\|level=error\) msg="\(.*\)"$/\2/p; s/^failed to start daemon: //p' "$logs/dockerd.log" |
    tail -n 1 | cut -c 1-300 | sed 's/[^.]$/&./'
}

# Everybody in the group docker may use what only root may use over there.
pass_on_socket() {
  if [ ! -S "$host_socket" ]; then
    [ -S "$socket" ] || [ -n "${DOCKER_HOST:-}" ] ||
      note_failure "dockerMode is outside-of-docker, but no socket is mounted at $host_socket; the notes of the Feature say how."
    return 0
  fi
  rm -f "$socket"
  setsid socat "UNIX-LISTEN:$socket,fork,mode=660,user=root,group=docker" "UNIX-CONNECT:$host_socket" \
    >"$logs/socat.log" 2>&1 </dev/null &
  waited=0
  while [ ! -S "$socket" ] && [ "$waited" -lt 50 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  answers || note_failure "the engine behind $host_socket does not answer."
}

main
