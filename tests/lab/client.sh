# What a client of the lab needs: keys, known_hosts, ssh_config; and what each host finds at its /lab.
# shellcheck shell=bash

new_key() { [[ -e $1 ]] || ssh-keygen -q -t ed25519 -N '' -C fleet-lab -f "$1"; }

# place FILE AS: for a live host, which may be running the one that is there. Most often that is the same.
place() {
    cmp -s "$1" "$2" && return
    cp "$1" "$2.new" && mv "$2.new" "$2"
}

write_client_files() {
    local host at file
    new_key "$LAB_DIR/id_ed25519"
    : >"$LAB_DIR/known_hosts.new"
    cat >"$LAB_DIR/ssh_config.new" <<END
# Written by the lab.
Host aws-instance-*
    User ubuntu
    IdentityFile "$LAB_DIR/id_ed25519"
    IdentitiesOnly yes
    UserKnownHostsFile "$LAB_DIR/known_hosts"
    GlobalKnownHostsFile none
    StrictHostKeyChecking yes
    PasswordAuthentication no
    KbdInteractiveAuthentication no
END
    for host in "${HOSTS[@]}"; do
        at=$(address "$host")
        mkdir -p "$LAB_DIR/hosts/$host"
        new_key "$LAB_DIR/hosts/$host/host_key"
        for file in "$LAB_SRC"/host/*; do place "$file" "$LAB_DIR/hosts/$host/${file##*/}"; done
        place "$LAB_DIR/id_ed25519.pub" "$LAB_DIR/hosts/$host/authorized_keys"
        echo "aws-instance-$host,$at $(cut -d' ' -f1,2 "$LAB_DIR/hosts/$host/host_key.pub")" >>"$LAB_DIR/known_hosts.new"
        printf '\nHost aws-instance-%s\n    HostName %s\n' "$host" "$at" >>"$LAB_DIR/ssh_config.new"
    done
    # By renaming, so that an ssh which reads them now sees the old or the new, never half.
    mv "$LAB_DIR/known_hosts.new" "$LAB_DIR/known_hosts"
    mv "$LAB_DIR/ssh_config.new" "$LAB_DIR/ssh_config"
    # Under sudo, the files are for the user who called it.
    [[ ! ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$LAB_DIR" "$LAB_DIR"/{id_ed25519,id_ed25519.pub,known_hosts,ssh_config}
}
