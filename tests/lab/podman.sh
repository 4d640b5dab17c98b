# podman in Docker's place: its service on a socket of the lab's own, with images of its own. Docker's client speaks to it.
# shellcheck shell=bash

PODMAN_DIR="$LAB_DIR/podman"
PODMAN_SOCKET="$PODMAN_DIR/podman.sock"

# Its images and containers lie apart from the user's own.
lab_own_podman() {
    CONTAINERS_CONF="$PODMAN_DIR/containers.conf" podman --root "$PODMAN_DIR/root" --runroot "$PODMAN_DIR/run" \
        --cgroup-manager cgroupfs "$@"
}

podman_pid() {
    local pid
    pid=$(cat "$PODMAN_DIR/pid" 2>/dev/null) || return
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == podman ]] || return
    echo "$pid"
}

podman_answers() { DOCKER_HOST="unix://$PODMAN_SOCKET" docker version >/dev/null 2>&1; }

podman_up() {
    local tries processes
    if podman_pid >/dev/null && podman_answers; then return; fi
    podman_down
    ensure_packages
    mkdir -p "$PODMAN_DIR"
    # A machine may not let root raise limits: then podman's own defaults for containers are too high for it.
    processes=$(ulimit -Hu)
    [[ $processes != unlimited ]] && ((processes < $(</proc/sys/kernel/pid_max))) || processes=$(</proc/sys/kernel/pid_max)
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
        "$(ulimit -Hn)" "$(ulimit -Hn)" "$processes" "$processes" >"$PODMAN_DIR/containers.conf"
    # In a directory of its own: its monitors leave files where they were started.
    CONTAINERS_CONF="$PODMAN_DIR/containers.conf" env -C "$PODMAN_DIR" setsid podman --root "$PODMAN_DIR/root" --runroot "$PODMAN_DIR/run" \
        --cgroup-manager cgroupfs system service --time=0 "unix://$PODMAN_SOCKET" \
        >"$PODMAN_DIR/log" 2>&1 9>&- </dev/null &
    echo "$!" >"$PODMAN_DIR/pid"
    disown
    for ((tries = 0; tries < 100; tries++)); do
        ! podman_answers || return 0
        sleep 0.1
    done
    die "podman does not answer: $(tail -n 1 "$PODMAN_DIR/log") (log: $PODMAN_DIR/log)"
}

podman_down() {
    local pid
    if pid=$(podman_pid); then
        kill "$pid"
        while podman_pid >/dev/null; do sleep 0.05; done
    fi
    rm -f "$PODMAN_DIR/pid" "$PODMAN_SOCKET"
}

# Without containers and images. Its layers are mounted while it works: only podman itself can remove them.
podman_empty() {
    [[ -d $PODMAN_DIR/root ]] || return 0
    lab_own_podman rm --all --force >/dev/null
    lab_own_podman rmi --all --force >/dev/null
}

lab_podman() {
    lock
    case ${1:-} in
    up) podman_up && podman_empty && echo "unix://$PODMAN_SOCKET" ;;
    down) podman_empty && podman_down && rm -rf "$PODMAN_DIR" ;;
    *) die "podman: up or down?" ;;
    esac
}
