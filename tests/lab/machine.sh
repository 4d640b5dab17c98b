# What this machine must have for the lab: a few packages, and a Docker engine. podman is there to be tried in its place.
# shellcheck shell=bash

# The program that is needed, and the package that has it.
NEEDS=(dockerd:docker.io docker:docker.io debootstrap:debootstrap iptables:iptables ip:iproute2 tc:iproute2
    ssh:openssh-client ssh-keygen:openssh-client rsync:rsync git:git jq:jq curl:curl podman:podman nsenter:util-linux flock:util-linux setsid:util-linux)

ensure_packages() {
    local need missing=()
    for need in "${NEEDS[@]}"; do
        command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
    done
    # Newer docker.io has the client in a package of its own.
    command -v docker >/dev/null || missing+=(docker-cli)
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "this machine lacks ${missing[*]} and apt-get to install them"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >"$LAB_DIR/apt.log" 2>&1 || true # one broken source must not stop us; install decides
    local package
    for package in $(printf '%s\n' "${missing[@]}" | sort -u); do
        apt-get install -y --no-install-recommends "$package" >>"$LAB_DIR/apt.log" 2>&1 ||
            [[ $package == docker-cli ]] ||
            die "could not install $package (log: $LAB_DIR/apt.log)"
    done
}

engine_answers() { docker version >/dev/null 2>&1; }

ensure_engine() {
    engine_answers && return
    # Where systemd runs, the engine is its business.
    if [[ -d /run/systemd/system ]] && systemctl start docker; then return; fi
    say "no Docker engine answers here, starting one (log: $LAB_DIR/dockerd.log)"
    # setsid: it must outlive us and our terminal. 9>&-: it must not hold our lock.
    setsid dockerd >"$LAB_DIR/dockerd.log" 2>&1 9>&- </dev/null &
    local pid=$! tries
    disown
    echo "$pid" >"$LAB_DIR/dockerd.pid"
    for ((tries = 0; tries < 600; tries++)); do
        engine_answers && return
        kill -0 "$pid" 2>/dev/null ||
            die "dockerd ended: $(tail -1 "$LAB_DIR/dockerd.log") (log: $LAB_DIR/dockerd.log)"
        sleep 0.1
    done
    die "dockerd does not answer (log: $LAB_DIR/dockerd.log)"
}

# Only the engine that the lab started itself: pid and name must both fit.
stop_engine() {
    local pid
    pid=$(cat "$LAB_DIR/dockerd.pid" 2>/dev/null) || return 0
    rm -f "$LAB_DIR/dockerd.pid"
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]] || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
