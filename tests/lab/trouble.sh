# All that can go wrong with a host, and its undoing. `lab reset` undoes everything.
# shellcheck shell=bash

# Packets vanish without an answer, as behind a dead router: connections hang, and live on if it is short.
# (Taking the link down would tell both ends.)
lab_cut() { local pid; pid=$(pid_of "${1:-}") || exit; cut_net "$pid"; say "cut: $1"; }
lab_heal() { local pid; pid=$(pid_of "${1:-}") || exit; undo_cut "$pid"; say "heal: $1"; }

cut_net() {
    undo_cut "$1"
    nsenter -t "$1" -n iptables -w -I INPUT -i eth0 -j DROP
    nsenter -t "$1" -n iptables -w -I OUTPUT -o eth0 -j DROP
}

undo_cut() {
    while nsenter -t "$1" -n iptables -w -D INPUT -i eth0 -j DROP 2>/dev/null; do :; done
    while nsenter -t "$1" -n iptables -w -D OUTPUT -o eth0 -j DROP 2>/dev/null; do :; done
}

lab_freeze() {
    local state
    state=$(inspect "{{.State.Status}}" "${1:-}") || exit
    [[ $state == paused ]] || docker pause "$(container "$1")" >/dev/null
    say "freeze: $1"
}

lab_thaw() {
    local state
    state=$(inspect "{{.State.Status}}" "${1:-}") || exit
    [[ $state != paused ]] || docker unpause "$(container "$1")" >/dev/null
    say "thaw: $1"
}

# Cut first: the kernel would close the sockets of the killed, and a crashed machine sends no farewell.
lab_kill() { kill_host "${1:-}"; say "kill: $1"; }

kill_host() {
    local state pid
    state=$(inspect '{{.State.Status}} {{.State.Pid}}' "$1") || exit
    read -r state pid <<<"$state"
    ((pid)) || return 0
    cut_net "$pid"
    # A frozen one dies of it as soon as it thaws.
    kill -KILL "$pid"
    [[ $state != paused ]] || docker unpause "$(container "$1")" >/dev/null 2>&1 || true
    docker wait "$(container "$1")" >/dev/null
}

lab_start() { name_ok "${1:-}"; inspect . "$1" >/dev/null; boot_host "$1"; say "start: $1"; }
lab_reboot() { kill_host "${1:-}"; boot_host "$1"; say "reboot: $1"; }

# in_host HOST VERB [ARG]: the verb is one of host/do.
in_host() {
    local pid
    pid=$(pid_of "${1:-}") || exit
    inside "$pid" /lab/do "${@:2}" || die "$1: $2 failed"
}

lab_restart_sshd() { in_host "${1:-}" restart-sshd; wait_for_sshd "$1"; say "restart-sshd: $1"; }
lab_newkey() { in_host "${1:-}" newkey; wait_for_sshd "$1"; say "newkey: $1"; }
lab_oldkey() { in_host "${1:-}" oldkey; wait_for_sshd "$1"; say "oldkey: $1"; }
lab_lock_out() { in_host "${1:-}" lock-out; say "lock-out: $1"; }
lab_let_in() { in_host "${1:-}" let-in; say "let-in: $1"; }
lab_fill() { in_host "${1:-}" fill; say "fill: $1"; }
lab_unfill() { in_host "${1:-}" unfill; say "unfill: $1"; }
lab_hide() { [[ ${2:-} ]] || die "hide: which program?"; in_host "$1" hide "$2"; say "hide: $1 has no $2"; }
lab_unhide() { [[ ${2:-} ]] || die "unhide: which program?"; in_host "$1" unhide "$2"; say "unhide: $1 has $2"; }

lab_engine_stop() { in_host "${1:-}" engine-stop; say "engine-stop: $1"; }
lab_engine_start() { start_engine "${1:-}"; say "engine-start: $1"; }

# The disk is a sparse file beside the home's. What the engine had waits below it until `reset`.
lab_engine_disk() {
    [[ ${2:-} =~ ^[1-9][0-9]{1,4}$ ]] || die "engine-disk HOST MB, from 10 to 99999"
    in_host "$1" engine-stop
    in_host "$1" engine-disk "$2"
    start_engine "$1"
    say "engine-disk: $1, $2 MB"
}

lab_engine_fill() { in_host "${1:-}" engine-fill; say "engine-fill: $1"; }
lab_engine_unfill() { in_host "${1:-}" engine-unfill; say "engine-unfill: $1"; }

# HOST DELAY_MS [KBIT]: so much is added to the round trip; the rate is that of either direction.
lab_slow() {
    local pid outer delay=${2:-} kbit=${3:-}
    pid=$(pid_of "${1:-}") || exit
    [[ $delay =~ ^[0-9]+$ && $kbit =~ ^[0-9]*$ ]] || die "slow HOST DELAY_MS [KBIT]"
    undo_slow "$pid"
    if ((delay)); then
        nsenter -t "$pid" -n tc qdisc add dev eth0 root netem delay "${delay}ms" ${kbit:+rate "${kbit}kbit"} ||
            kernel_lacks netem "it can't delay packets; 'lab slow HOST 0 KBIT' needs none"
    elif [[ $kbit ]]; then
        nsenter -t "$pid" -n tc qdisc add dev eth0 root tbf rate "${kbit}kbit" burst 16kb latency 500ms ||
            kernel_lacks tbf "it can't limit a rate"
    fi
    # What the host receives can only be slowed where it is sent: at this machine's end of the wire.
    outer=$(outer_end "$pid")
    [[ ! $kbit ]] || tc qdisc add dev "$outer" root tbf rate "${kbit}kbit" burst 16kb latency 500ms ||
        kernel_lacks tbf "it can't limit a rate"
    say "slow: $1, $delay ms${kbit:+, $kbit kbit/s}"
}

kernel_lacks() {
    say "slow: THIS KERNEL HAS NO $1 (sch_$1): $2"
    exit 3
}

# The other end of the host's eth0, by its index.
outer_end() {
    local index
    index=$(nsenter -t "$1" -n ip -o link show eth0 | sed -n "s/.*eth0@if\([0-9]*\):.*/\1/p")
    ip -o link | awk -F": " -v i="$index" '$1 == i { sub(/@.*/, "", $2); print $2 }'
}

lab_fast() { local pid; pid=$(pid_of "${1:-}") || exit; undo_slow "$pid"; say "fast: $1"; }

undo_slow() {
    nsenter -t "$1" -n tc qdisc del dev eth0 root 2>/dev/null || true
    tc qdisc del dev "$(outer_end "$1")" root 2>/dev/null || true
}
