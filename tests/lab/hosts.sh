# Hosts: what they are, how to reach into one, how one boots, and `up`.
# shellcheck shell=bash

# What one engine lets another one run inside of it; less than --privileged, and no device of this machine.
RUN_FLAGS=(--init --network "$NET" --cap-add ALL --cap-drop SYS_RESOURCE
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined
    --device-cgroup-rule 'a *:* rwm' --log-opt max-size=1m)

address() { # of a host by its place in HOSTS
    local i
    for i in "${!HOSTS[@]}"; do
        [[ ${HOSTS[i]} != "$1" ]] || { echo "$SUBNET.$((11 + i))"; return; }
    done
    die "no host is called '$1' (hosts: ${HOSTS[*]})"
}

name_ok() { [[ ${1:-} ]] || die "which host?"; address "$1" >/dev/null; }

container() { echo "fleet-lab-$1"; }

# inspect FORMAT HOST
inspect() {
    name_ok "$2"
    docker inspect -f "$1" "$(container "$2")" 2>/dev/null || die "$2 is not up (lab up)"
}

pid_of() {
    local pid
    pid=$(inspect '{{.State.Pid}}' "$1") || return
    ((pid)) || die "$1 is down (lab start $1)"
    echo "$pid"
}

# inside PID CMD…: as root in the host. Ten times faster than `docker exec`, but the process is outside of the
# host's cgroup: not for what stays.
inside() {
    local pid=$1
    shift
    nsenter -t "$pid" -m -u -i -n -p -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin "$@"
}

sshd_answers() {
    # shellcheck disable=SC2016 # the inner shell expands it
    timeout 1 bash -c 'exec 3<>"/dev/tcp/$1/22" && read -r banner <&3 && [[ $banner == SSH-2.0-* ]]' _ "$1" 2>/dev/null
}

wait_for_sshd() {
    local host=$1 at deadline=$((SECONDS + 60))
    at=$(address "$host")
    until sshd_answers "$at"; do
        ((SECONDS < deadline)) || die "$host does not answer: $(docker logs "$(container "$host")" 2>&1 | tail -1)"
        sleep 0.02
    done
}

start_engine() {
    local host=$1 pid
    pid=$(pid_of "$host") || exit
    inside "$pid" pgrep -f '^/bin/bash /lab/engine' >/dev/null ||
        docker exec -d "$(container "$host")" /lab/engine || die "$host: no engine"
    # The socket comes early, the answer when all is ready: the client waits for it.
    # shellcheck disable=SC2016
    inside "$pid" timeout 90 bash -c '
        until [[ -S /var/run/docker.sock ]] && runuser -u ubuntu -- docker version >/dev/null 2>&1
        do sleep 0.1; done' || die "$host: its engine does not answer: $(inside "$pid" tail -n 1 /var/log/dockerd.log)"
}

boot_host() {
    local host=$1 name state
    name=$(container "$host")
    state=$(docker inspect -f '{{.State.Status}}' "$name" 2>/dev/null) || state=absent
    case $state in
    running) undo_cut "$(pid_of "$host")" ;;
    paused) docker unpause "$name" >/dev/null ;;
    exited) docker start "$name" >/dev/null || die "$host does not start" ;;
    *)
        [[ $state == absent ]] || docker rm -f -v "$name" >/dev/null
        docker run -d --name "$name" --hostname "$host" --ip "$(address "$host")" "${RUN_FLAGS[@]}" \
            --label "$LABEL" --label "fleet.lab.recipe=$(recipe)" --label "fleet.lab.dir=$LAB_DIR" \
            --mount "type=volume,src=$name-docker,dst=/var/lib/docker,volume-label=$LABEL" \
            --mount "type=volume,dst=/image,volume-label=$LABEL" \
            --mount "type=bind,src=$LAB_DIR/hosts/$host,dst=/lab,readonly" \
            "$(host_image)" /lab/boot >/dev/null || die "$host does not start"
        ;;
    esac
    wait_for_sshd "$host"
    [[ $state == exited ]] || return 0
    local pid
    pid=$(pid_of "$host") || exit
    ! inside "$pid" test -e /etc/lab-engine || start_engine "$host"
}

# The hosts that run something else than these files say are replaced by `up`.
recipe() { (host_image; cat "$LAB_SRC"/host/*; declare -p RUN_FLAGS; declare -f boot_host) | sha256sum | cut -c1-12; }

ensure_network() {
    docker network inspect "$NET" >/dev/null 2>&1 ||
        docker network create --label "$LABEL" --subnet "$SUBNET.0/24" "$NET" >/dev/null
}

lab_up() {
    local count=${#HOSTS[@]} engines='' wanted=()
    while (($#)); do
        case $1 in
        --hosts)
            [[ ${2:-} =~ ^[0-9]{1,2}$ ]] || die "up: --hosts takes 1 to ${#HOSTS[@]}"
            count=$((10#$2))
            shift
            ;;
        --engines) engines=1 ;;
        -*) die "up: what is $1?" ;;
        *) name_ok "$1"; wanted+=("$1") ;;
        esac
        shift
    done
    ((count >= 1 && count <= ${#HOSTS[@]})) || die "up: --hosts takes 1 to ${#HOSTS[@]}"
    lock
    ensure_packages
    ensure_engine
    ensure_host_image
    write_client_files
    ensure_network

    ((${#wanted[@]})) || wanted=("${HOSTS[@]:0:count}")
    local missing=() host listed now
    now=$(recipe)
    listed=$(docker ps -a --filter "label=$LABEL" \
        --format '{{.Names}} {{.State}} {{.Label "fleet.lab.recipe"}} {{.Label "fleet.lab.dir"}}')
    for host in "${wanted[@]}"; do
        case $(grep "^$(container "$host") " <<<"$listed") in
        *" running $now $LAB_DIR") sshd_answers "$(address "$host")" || missing+=("$host") ;;
        *" $now $LAB_DIR") missing+=("$host") ;;
        "") missing+=("$host") ;;
        *" $LAB_DIR") docker rm -f -v "$(container "$host")" >/dev/null; missing+=("$host") ;;
        *) die "$host belongs to a lab in another FLEET_LAB_DIR; take that one, or: lab down" ;;
        esac
    done
    # Three at once keep two cores busy; more only wait for each other.
    each 3 boot_host "${missing[@]}"
    [[ ! $engines ]] || each 3 start_engine "${wanted[@]}"
    say "up: ${#wanted[@]} hosts${engines:+ with engines}, ${#missing[@]} of them started now; ssh -F $LAB_DIR/ssh_config aws-instance-${wanted[0]}"
}
