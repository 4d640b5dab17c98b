# The layers below the instance images: a small Debian or Ubuntu with git, patch, Python and pytest, and on top of it one
# layer a language. Made of the distribution's own packages; instance images of one language share both.
# shellcheck shell=bash

BASE_PACKAGES=git,patch,python3,python3-pytest
declare -A LAYER_PACKAGES=([node]="nodejs" [ruby]="ruby ruby-minitest" [c]="gcc g++ libc6-dev make libgtest-dev" [php]="php-cli phpunit")

# What no test needs. Link-time optimisation and sanitizers are a third of the compilers' size.
# shellcheck disable=SC2016 # the inner shell expands it
TRIM='
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/log/*.log /var/log/apt/* /var/cache/debconf/*-old /usr/share/locale/*
rm -f /usr/lib/gcc/*/*/lto1 /usr/bin/*lto-dump* /usr/lib/*/lib?san.so*
for dir in doc man info lintian gitweb; do
    if [ -d /usr/share/$dir ]; then find /usr/share/$dir -mindepth 1 -delete; fi
done'

base_layer() {
    echo "fleet-lab-base:$( (suite; echo "$BASE_PACKAGES$TRIM"; declare -f build_base_layer) | sha256sum | cut -c1-12)"
}

# layer LANGUAGE: the image's name, with a digest of its recipe: an edit of the recipe makes a new image.
layer() {
    local packages
    [[ $1 != base ]] || { base_layer; return; }
    packages=${LAYER_PACKAGES[$1]:-}
    [[ $packages ]] || die "no layer is called '$1' (base ${!LAYER_PACKAGES[*]})"
    echo "fleet-lab-$1:$( (base_layer; echo "$packages"; declare -f build_layer) | sha256sum | cut -c1-12)"
}

ensure_layer() {
    local image
    image=$(layer "$1") || exit
    ! docker image inspect "$image" >/dev/null 2>&1 || return 0
    [[ $1 == base ]] || ensure_layer base
    say "building $image (log: $LAB_DIR/layer-$1.log)"
    if [[ $1 == base ]]; then build_base_layer "$image"; else build_layer "$1" "$image"; fi >"$LAB_DIR/layer-$1.log" 2>&1 ||
        die "the layer $1 was not built: $(grep -E '^[EW]:' "$LAB_DIR/layer-$1.log" | tail -n 1) (log: $LAB_DIR/layer-$1.log)"
}

# The name of a layer, which is made if it is not there.
lab_layer() {
    lock
    ensure_layer "${1:?which layer?}"
    layer "$1"
}

# Every step says `|| exit`: the caller asks whether it failed, and there bash turns `set -e` off.
build_base_layer() (
    from=$(need_mirror) || exit 1
    root=$(mktemp -d "$LAB_DIR/rootfs.XXXXXX") || exit 1
    trap 'rm -rf --one-file-system "$root"' EXIT
    debootstrap --variant=minbase --components="$(components)" --include="$BASE_PACKAGES" \
        "$(suite)" "$root" "$from" || exit 1
    chroot "$root" sh -ec "$TRIM" || exit 1
    tar -C "$root" -c . | docker import --change "LABEL $LABEL" --change 'CMD ["/bin/bash"]' - "$1"
)

# The machine's own network, since the bridge may not lead out.
build_layer() (
    trap 'docker rm -f "fleet-lab-build-$1" >/dev/null 2>&1' EXIT
    docker rm -f "fleet-lab-build-$1" >/dev/null 2>&1
    # shellcheck disable=SC2086 # several packages
    docker run --name "fleet-lab-build-$1" --network host -e DEBIAN_FRONTEND=noninteractive -e http_proxy -e https_proxy \
        "$(base_layer)" sh -ec 'trim=$1; shift; apt-get update; apt-get install -y --no-install-recommends "$@"; eval "$trim"' \
        _ "$TRIM" ${LAYER_PACKAGES[$1]} || exit 1
    docker commit --change 'ENV DEBIAN_FRONTEND=' --change 'CMD ["/bin/bash"]' "fleet-lab-build-$1" "$2" || exit 1
)
