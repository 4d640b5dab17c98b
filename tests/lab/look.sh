# Looking at hosts, entering them, making them new, removing them.
# shellcheck shell=bash

lab_ip() { name_ok "${1:-}"; address "$1"; }

lab_hosts() {
    local host up
    up=$(docker ps --filter "label=$LABEL" --format '{{.Names}}' 2>/dev/null) || return 0
    for host in "${HOSTS[@]}"; do
        ! grep -qx "$(container "$host")" <<<"$up" || echo "$host"
    done
}

lab_status() {
    local host at state name sshd engine
    printf '%-8s %-14s %-8s %-5s %-6s\n' HOST ADDRESS STATE SSHD ENGINE
    for host in "${HOSTS[@]}"; do
        at=$(address "$host") name=$(container "$host") sshd=no engine=-
        state=$(docker inspect -f '{{.State.Status}}' "$name" 2>/dev/null) || state=absent
        if [[ $state == running ]]; then
            ! sshd_answers "$at" || sshd=yes
            inside "$(pid_of "$host")" test ! -S /var/run/docker.sock || engine=yes
        fi
        printf '%-8s %-14s %-8s %-5s %-6s\n' "$host" "$at" "$state" "$sshd" "$engine"
    done
}

# An interactive caller gets a terminal; a test gets a clean pipe.
exec_as() {
    local user=$1 host=${2:-} tty=()
    name_ok "$host"
    shift 2
    (($#)) || die "which command?"
    [[ ! -t 0 || ! -t 1 ]] || tty=(-t)
    docker exec -i "${tty[@]}" -u "$user" "$(container "$host")" "$@"
}

lab_exec() { exec_as root "$@"; }

# As ssh would: with the home, and from there.
lab_as() {
    local host=${1:-}
    name_ok "$host"
    shift
    exec_as ubuntu "$host" env -C /home/ubuntu HOME=/home/ubuntu USER=ubuntu LOGNAME=ubuntu "$@"
}

lab_reset() {
    (($#)) || die "reset: which hosts?"
    local host
    for host; do name_ok "$host"; done
    each 5 reset_host "$@"
    s3_cure_all
    say "reset: $*"
}

reset_host() {
    local host=$1 state pid
    state=$(inspect '{{.State.Status}} {{.State.Pid}}' "$host") || exit
    read -r state pid <<<"$state"
    if [[ $state != running ]]; then
        [[ $state != paused ]] || docker unpause "$(container "$host")" >/dev/null
        [[ $state == paused ]] || boot_host "$host"
        pid=$(pid_of "$host") || exit
    fi
    undo_cut "$pid"
    undo_slow "$pid"
    # What tests change as root: the user's login shell, and a logind of their own.
    inside "$pid" grep -q '^ubuntu:.*:/bin/bash$' /etc/passwd || inside "$pid" usermod -s /bin/bash ubuntu
    inside "$pid" rm -rf /opt/shell /run/systemd/system /etc/systemd/logind.conf.d /var/lib/systemd/linger \
        /usr/local/bin/systemd-run
    inside "$pid" /lab/do reset || die "$host: reset failed"
    # A look at the processes is quicker than a question to the engine.
    if inside "$pid" test -e /etc/lab-engine && ! inside "$pid" pgrep -x -f '/bin/bash /lab/engine' >/dev/null; then
        start_engine "$host"
        inside "$pid" /lab/do empty-engine || die "$host: reset failed"
    fi
    wait_for_sshd "$host"
}

# As before the first image: what a test of images begins with.
lab_unload() {
    (($#)) || die "unload: which hosts?"
    local host
    for host; do name_ok "$host"; done
    each 3 unload_host "$@"
    say "unload: $*"
}

# One that others were built on goes only after them: as long as some go, the rest is tried again.
unload_host() {
    docker exec "$(container "$1")" sh -ec 'docker ps -aq | xargs -r docker rm -f -v >/dev/null
        images() { docker image ls -aq --no-trunc | sort -u; }
        left=$(images)
        while [ "$left" ]; do
            why=$(docker rmi -f $left 2>&1 >/dev/null) || true
            before=$left left=$(images)
            [ "$left" != "$before" ] || { echo "$why" >&2; exit 1; }
        done' || die "$1: its engine keeps its images"
}

lab_down() {
    local all=${1:-} found
    [[ -z $all || $all == --all ]] || die "down: what is $all?"
    lock
    s3_down
    [[ ! -d $PODMAN_DIR ]] || { podman_empty && podman_down; }
    [[ ! $all ]] || rm -rf "$PODMAN_DIR"
    if engine_answers; then
        mapfile -t found < <(docker ps -aq --filter "label=$LABEL")
        ((${#found[@]} == 0)) || docker rm -f -v "${found[@]}" >/dev/null
        docker network rm "$NET" >/dev/null 2>&1 || true
        [[ ! $all ]] || remove_stored
    fi
    [[ ! $all ]] || stop_engine
    # The lock itself stays: another process may wait for it.
    [[ ! $all ]] || rm -rf "$LAB_DIR"/{hosts,id_ed25519,id_ed25519.pub,known_hosts,ssh_config,image.log,apt.log,dockerd.log} \
        "$LAB_DIR"/{s3,poisoned,s3.log,s3s-fs.log,aws_credentials,instances,instances.log} "$LAB_DIR"/{job,layer}-*
    say "down: no hosts${all:+, no images, no volumes, no keys}"
}

remove_stored() {
    docker volume ls -q --filter "label=$LABEL" | xargs -r docker volume rm >/dev/null
    # Newest first, as listed: no image goes before those that lie on it.
    docker image ls -q --filter "label=$LABEL" | awk '!seen[$0]++' | xargs -r docker image rm -f >/dev/null
}
