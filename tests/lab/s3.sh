# An S3 server for the instance images: s3s-fs, the real protocol over a directory. It checks signatures, in headers
# and in presigned addresses. It listens where all hosts and this machine reach it: at the gateway of the lab's network.
# shellcheck shell=bash

S3S_FS=0.14.1
S3_PORT=9000
S3_ENDPOINT="http://$SUBNET.1:$S3_PORT"
BUCKET=kuberha-velora
PREFIX=velora-files/images
# Outside of the clone, as all that is built: it takes some minutes, once.
TOOLS=${XDG_CACHE_HOME:-$HOME/.cache}/fleet/tools
S3_DIR="$LAB_DIR/s3"
CREDENTIALS="$LAB_DIR/aws_credentials"
# The objects that are damaged now, as they were.
POISONED="$LAB_DIR/poisoned"

ensure_s3s_fs() {
    [[ ! -x $TOOLS/bin/s3s-fs ]] || return 0
    command -v cargo >/dev/null || die "s3: cargo is needed to build s3s-fs"
    say "building s3s-fs $S3S_FS, some minutes (log: $LAB_DIR/s3s-fs.log)"
    # It moves bytes and computes next to nothing: what the last bit of speed costs to build would never come back.
    # And what is built beside it is waited for sooner.
    CARGO_TARGET_DIR="$TOOLS-target" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 nice -n 19 cargo install s3s-fs --version "$S3S_FS" --features binary \
        --locked --root "$TOOLS" >"$LAB_DIR/s3s-fs.log" 2>&1 9>&- || die "s3s-fs was not built (log: $LAB_DIR/s3s-fs.log)"
    rm -rf "$TOOLS-target"
}

random_hex() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

ensure_credentials() {
    [[ ! -s $CREDENTIALS ]] || return 0
    (
        umask 077
        printf '[default]\naws_access_key_id = LAB%s\naws_secret_access_key = %s\n' \
            "$(random_hex 8)" "$(random_hex 20)" >"$CREDENTIALS.new"
    )
    # Under sudo, they are for the user who called it.
    [[ ! ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$CREDENTIALS.new"
    mv "$CREDENTIALS.new" "$CREDENTIALS"
}

credential() { sed -n "s/^$1 = //p" "$CREDENTIALS"; }

s3_pid() {
    local pid
    pid=$(cat "$LAB_DIR/s3.pid" 2>/dev/null) || return
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == s3s-fs ]] || return
    echo "$pid"
}

# Without a signature it says no, and so that it is there.
s3_answers() { [[ $(curl -s -m 2 -o /dev/null -w '%{http_code}' "$S3_ENDPOINT/$BUCKET/" || true) == 403 ]]; }

s3_up() {
    local tries
    mkdir -p "$S3_DIR/$BUCKET/$PREFIX"
    ensure_credentials
    if s3_pid >/dev/null && s3_answers; then return; fi
    s3_down
    ensure_packages
    ensure_engine
    ensure_network
    ensure_s3s_fs
    # Not in the caller's directory: a server whose directory is removed answers nothing but 500.
    env -C "$LAB_DIR" setsid "$TOOLS/bin/s3s-fs" --host "$SUBNET.1" --port "$S3_PORT" --access-key "$(credential aws_access_key_id)" \
        --secret-key "$(credential aws_secret_access_key)" "$S3_DIR" >"$LAB_DIR/s3.log" 2>&1 9>&- </dev/null &
    echo "$!" >"$LAB_DIR/s3.pid"
    disown
    for ((tries = 0; tries < 100; tries++)); do
        ! s3_answers || return 0
        s3_pid >/dev/null || ((tries < 5)) || break
        sleep 0.1
    done
    die "s3 does not answer at $S3_ENDPOINT: $(tail -n 1 "$LAB_DIR/s3.log") (log: $LAB_DIR/s3.log)"
}

s3_down() {
    local pid
    if pid=$(s3_pid); then
        kill "$pid"
        while s3_pid >/dev/null; do sleep 0.05; done
    fi
    rm -f "$LAB_DIR/s3.pid"
}

# The path of a key; relative ones are below the images' prefix.
s3_path() {
    local key=${1:-}
    [[ $key && $key != *..* ]] || die "s3: which key?"
    case $key in
    */*) echo "$S3_DIR/$BUCKET/${key#/}" ;;
    *) echo "$S3_DIR/$BUCKET/$PREFIX/$key" ;;
    esac
}

# Where s3s-fs keeps what it knows of an object. Without its ETag there, it reads the whole object for each answer.
s3_info() {
    base64url() { printf %s "$1" | base64 -w 0 | tr '+/' '-_' | tr -d =; }
    echo "$S3_DIR/.bucket-$(base64url "$BUCKET").object-$(base64url "${1#"$S3_DIR/$BUCKET/"}").internal.json"
}

# Renamed into its place: no client ever downloads half of it, nor gets the ETag of another.
s3_put() {
    local path info
    path=$(s3_path "${2:-}") || exit
    info=$(s3_info "$path")
    mkdir -p "$(dirname "$path")"
    cp --reflink=auto "${1:?}" "$path.part"
    rm -f "$info"
    mv "$path.part" "$path"
    printf '{"e_tag":"%s"}' "$(md5sum <"$path" | cut -c 1-32)" >"$info.part"
    mv "$info.part" "$info"
}

# The same archive, but for some bytes in the middle of its largest layer: whole as a tar, and not what its digests say.
s3_poison() {
    local path kept=$POISONED/$1 at
    path=$(s3_path "$1") || exit
    [[ -f $path ]] || die "s3: there is no $1"
    [[ ! -e $kept ]] || return 0
    mkdir -p "$(dirname "$kept")"
    cp --reflink=auto "$path" "$kept.part"
    # Its block of 512 bytes, and behind that its bytes.
    at=$(tar -tvR -f "$path" | awk '$3 ~ /^-/ && $5 + 0 > size { size = $5 + 0; block = $2 + 0 }
        END { printf "%.0f\n", (block + 1) * 512 + int(size / 2) }')
    cp --reflink=auto "$path" "$path.poison"
    head -c 64 /dev/urandom | dd of="$path.poison" bs=64 seek="$at" oflag=seek_bytes conv=notrunc status=none
    mv "$kept.part" "$kept"
    s3_put "$path.poison" "$1"
    rm -f "$path.poison"
}

s3_cure() {
    local kept=$POISONED/${1:?}
    [[ -e $kept ]] || return 0
    s3_put "$kept" "$1"
    rm -f "$kept"
}

s3_cure_all() {
    [[ -d $POISONED ]] || return 0
    local kept
    while IFS= read -r kept; do s3_cure "${kept#"$POISONED/"}"; done < <(find "$POISONED" -type f ! -name '*.part')
    rm -rf "$POISONED"
}

lab_s3() {
    local verb=${1:-} path
    [[ ! $verb ]] || shift
    case $verb in
    up)
        lock
        s3_up
        say "s3: $S3_ENDPOINT, s3://$BUCKET/$PREFIX/, AWS_SHARED_CREDENTIALS_FILE=$CREDENTIALS"
        ;;
    down) lock; s3_down; say "s3: down" ;;
    status)
        if s3_pid >/dev/null && s3_answers; then echo "up $S3_ENDPOINT"; else echo down; fi
        find "$S3_DIR/$BUCKET" -type f -printf '%10s %P\n' 2>/dev/null | sort -k 2
        ;;
    put) [[ -f ${1:-} ]] || die "s3: put FILE KEY"; s3_put "$@" ;;
    rm) path=$(s3_path "${1:-}") || exit; rm -f "$path" "$(s3_info "$path")" ;;
    poison) s3_poison "${1:-}"; say "s3: $1 is poisoned" ;;
    cure) s3_cure "${1:-}"; say "s3: $1 is as it was" ;;
    dir) echo "$S3_DIR/$BUCKET/$PREFIX" ;;
    *) die "s3: up, down, status, put FILE KEY, rm KEY, poison KEY, cure KEY or dir" ;;
    esac
}
