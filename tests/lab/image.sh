# Images of the lab: the hosts' (a whole Debian or Ubuntu, like this machine) and the jobs' (busybox).
# Both are made of the distribution's own packages, from the mirror that apt uses here. No registry.
# shellcheck shell=bash

PACKAGES=openssh-server,rsync,docker.io,git,iptables,iproute2,procps,ca-certificates,e2fsprogs,busybox-static
JOB_IMAGE=fleet-lab/job:1

# shellcheck disable=SC1091 # it is there
suite() { (source /etc/os-release && echo "$VERSION_CODENAME"); }

# The name has a digest of the recipe: an edit of the recipe makes a new image.
host_image() { echo "fleet-lab-host:$( (suite; echo "$PACKAGES"; declare -f build_host_image) | sha256sum | cut -c1-12)"; }

# Of several, the first.
mirror() {
    apt-get indextargets --format "\$(ORIGIN)|\$(RELEASE)|\$(REPO_URI)" 'Identifier: Packages' |
        awk -F'|' -v suite="$(suite)" '!seen && ($1 == "Debian" || $1 == "Ubuntu") && $2 == suite { print $3; seen = 1 }'
}

# Without lists apt does not know whose mirror it has.
need_mirror() {
    local from
    from=$(mirror)
    [[ $from ]] || { apt-get update -qq >"$LAB_DIR/apt.log" 2>&1 || true; from=$(mirror); }
    [[ $from ]] || die "apt has no Debian or Ubuntu mirror for $(suite)"
    echo "$from"
}

# Ubuntu has docker.io, busybox-static and pytest in universe; Debian knows no such component.
# shellcheck disable=SC1091
components() { if [[ $(. /etc/os-release && echo "$ID") == ubuntu ]]; then echo main,universe; else echo main; fi; }

ensure_host_image() {
    local image from
    image=$(host_image)
    docker image inspect "$image" >/dev/null 2>&1 && return
    from=$(need_mirror) || exit
    say "building $image from $from, a minute or two (log: $LAB_DIR/image.log)"
    build_host_image "$image" "$from" >"$LAB_DIR/image.log" 2>&1 ||
        die "the image was not built: $(grep -E '^[EW]:' "$LAB_DIR/image.log" | tail -1) (log: $LAB_DIR/image.log)"
}

# Every step says `|| exit`: the caller asks whether it failed, and there bash turns `set -e` off.
build_host_image() (
    root=$(mktemp -d "$LAB_DIR/rootfs.XXXXXX") || exit 1
    trap 'rm -rf --one-file-system "$root"' EXIT
    # fleet is built beside it, and waited for sooner.
    nice -n 19 debootstrap --variant=minbase --components="$(components)" --include="$PACKAGES" \
        "$(suite)" "$root" "$2" || exit 1
    # A user without a password is locked, and sshd without PAM refuses locked users, keys or not: hence '*'.
    chroot "$root" sh -e <<'END' || exit 1
useradd --uid 1000 --user-group --groups docker --shell /bin/bash --no-create-home --password '*' ubuntu
mkdir -p /home/ubuntu /disk /run/sshd
rm -rf /etc/ssh/ssh_host_* /var/cache/apt/* /var/lib/apt/lists/* /var/log/*.log /usr/share/locale/*
find /usr/share/doc /usr/share/man /usr/share/info -mindepth 1 -delete
END
    tar -C "$root" -c . | docker import --change "LABEL $LABEL" - "$1"
)

job_tar() { echo "$LAB_DIR/job-$(host_image | cut -d: -f2).tar"; }

# Built once, outside, so that all hosts have the same image id.
ensure_job_image() {
    [[ ! -s $(job_tar) ]] || return 0
    docker run --rm --network none "$(host_image)" sh -ec '
        mkdir -p /r/bin /r/tmp /r/etc /r/root && chmod 1777 /r/tmp
        for applet in $(/bin/busybox --list); do ln -sf busybox "/r/bin/$applet"; done
        cp --remove-destination /bin/busybox /r/bin/ # its own name is among them
        tar -C /r -c .' >"$LAB_DIR/job.rootfs.tar"
    docker import --change "LABEL $LABEL" --change 'CMD ["/bin/sh"]' "$LAB_DIR/job.rootfs.tar" "$JOB_IMAGE" >/dev/null
    docker save "$JOB_IMAGE" >"$(job_tar).new"
    mv "$(job_tar).new" "$(job_tar)"
    rm "$LAB_DIR/job.rootfs.tar"
}

lab_image() {
    (($#)) || die "image: which hosts?"
    lock
    ensure_job_image
    local host
    for host; do
        name_ok "$host"
        docker exec -i "fleet-lab-$host" docker load -q <"$(job_tar)" >/dev/null ||
            die "$host did not take the image. Has it an engine? (lab up --engines)"
    done
    say "image: $JOB_IMAGE is in $*"
}
