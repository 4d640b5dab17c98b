# Images of instances, and the dataset files that describe them. What they are made of lies in instances/IMAGE:
#   image                 repo=owner/name, layer=…; env_at= and env= for a file to source; config=(docker commit's changes);
#                         parent= and fixes=(): as another image, one commit later, with these instances solved
#   base/                 the repository at the base commit
#   extra/                what lies in /app/repo beside it and in no commit
#   INSTANCE/             instance.json, gold.patch, test.patch or test-N.patch
#   INSTANCE/scripted/    what model `scripted` answers in run N: runN.patch
# Commits have fixed dates and authors, so that their ids are the same on every machine and datasets can name them.
# shellcheck shell=bash

PROJECTS="$LAB_SRC/instances"
# A registry that cannot be reached, as in real datasets: the images are only in S3.
REGISTRY=registry.velora.invalid/lab

images() { (cd "$PROJECTS" && printf '%s\n' */image | cut -d/ -f1); }
instances_of() { (cd "$PROJECTS/$1" && printf '%s\n' */instance.json | cut -d/ -f1); }

# settings IMAGE: sets repo, layer, env_at, env, config, parent, fixes of the caller.
settings() {
    repo='' layer='' env_at='' env='' parent='' config=() fixes=()
    # shellcheck disable=SC1090
    source "$PROJECTS/$1/image"
}

# plain_git WHEN ARGS…: neither the user's settings nor a hook that we run in may change a commit.
plain_git() {
    local when=$1
    shift
    env -i PATH="$PATH" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
        GIT_AUTHOR_NAME='Ada Velora' GIT_AUTHOR_EMAIL=ada@velora.invalid GIT_AUTHOR_DATE="$when" \
        GIT_COMMITTER_NAME='Ada Velora' GIT_COMMITTER_EMAIL=ada@velora.invalid GIT_COMMITTER_DATE="$when" git "$@"
}

# make_repo IMAGE DIR: the repository with its base commit checked out; prints the commit. (`|| return`: in `$(…)` bash turns `set -e` off.)
make_repo() {
    local repo layer env_at env parent config fixes fix
    settings "$1"
    if [[ $parent ]]; then
        make_repo "$parent" "$2" >/dev/null || return
        for fix in "${fixes[@]}"; do
            plain_git '' -C "$2" apply "$PROJECTS/$parent/$fix"/gold.patch "$PROJECTS/$parent/$fix"/test*.patch ||
                return
        done
        commit_all "$2" '2024-02-01T12:00:00+0000' "Solve ${fixes[*]}" || return
    else
        plain_git '' init -q --object-format=sha1 -b main "$2" || return
        cp "$PROJECTS/$1/base/README.md" "$2/" || return
        commit_all "$2" '2024-01-01T12:00:00+0000' 'Say what this is' || return
        cp -R "$PROJECTS/$1/base/." "$2/" || return
        commit_all "$2" '2024-01-02T12:00:00+0000' "Begin ${repo#*/}" || return
    fi
    plain_git '' -C "$2" rev-parse HEAD
}

commit_all() {
    plain_git '' -C "$1" add -A -f || return
    plain_git "$2" -C "$1" commit -q -m "$3"
}

# spec: owner and name joined by one underscore, nothing else changed.
image_key() { echo "${1/\//_}-$2.tar"; }
# Docker's names have no capitals.
image_ref() { local name=${1/\//_}; echo "$REGISTRY/${name,,}:$2"; }

# A digest of what an image is made of: an edit of any of it makes a new image.
image_stamp() { # IMAGE LAYER_IMAGE [PARENT]
    (
        cd "$PROJECTS"
        echo "$2"
        declare -f make_repo commit_all plain_git commit_instance_image
        find "$1" \( -path '*/base/*' -o -path '*/extra/*' -o -name image \) -type f -exec sha256sum {} + | sort
        [[ ! $3 ]] || find "$3" ! -path '*/scripted/*' -type f -exec sha256sum {} + | sort
    ) | sha256sum | cut -c1-12
}

ensure_instance_image() {
    local repo layer env_at env parent config fixes below stamp at key
    settings "$1"
    below=$(layer "$layer") || exit
    stamp=$(image_stamp "$1" "$below" "$parent")
    at="$LAB_DIR/instances/$1"
    key=$(cat "$at.$stamp" 2>/dev/null) || key=
    [[ ! $key || ! -s $(s3_path "$key") ]] || return 0
    rm -f "$at".*
    build_instance_image "$1" "$below" "$at" "$stamp" || die "the image $1 was not built (log: $LAB_DIR/instances.log)"
    mv "$at.key" "$at.$stamp"
    say "built $1: $(cat "$at.$stamp")"
}

# Every step says `|| exit`: the caller asks whether it failed, and there bash turns `set -e` off.
commit_instance_image() ( # IMAGE LAYER_IMAGE STAMP: into this machine's engine
    root=$(mktemp -d "$LAB_DIR/rootfs.XXXXXX") || exit 1
    name=$(basename "$root")
    trap 'rm -rf "$root"; docker rm -f "$name" >/dev/null 2>&1' EXIT
    mkdir -p "$root/app" || exit 1
    commit=$(make_repo "$1" "$root/app/repo") || exit 1
    [[ ! -d $PROJECTS/$1/extra ]] || cp -R "$PROJECTS/$1/extra/." "$root/app/repo/" || exit 1
    if [[ $env_at ]]; then
        mkdir -p "$(dirname "$root$env_at")" && echo "$env" >"$root$env_at" || exit 1
    fi
    changes=()
    for change in 'WORKDIR /app/repo' "LABEL fleet.lab.stamp=$3" "${config[@]}"; do changes+=(--change "$change"); done
    docker create --name "$name" "$2" || exit 1
    tar -C "$root" --owner=0 --group=0 --mode=u+rwX,go+rX-w -c . | docker cp - "$name:/" || exit 1
    docker commit "${changes[@]}" "$name" "$(image_ref "$repo" "$commit")" || exit 1
)

build_instance_image() (
    archive=$(mktemp "$LAB_DIR/image.XXXXXX") || exit 1
    trap 'rm -f "$archive"' EXIT
    exec >>"$LAB_DIR/instances.log" 2>&1
    commit=$(commit_of "$1") || exit 1
    ref=$(image_ref "$repo" "$commit") key=$(image_key "$repo" "$commit")
    kept=''
    if is_here "$ref" "$4"; then kept=1; else commit_instance_image "$1" "$2" "$4" || exit 1; fi
    docker save -o "$archive" "$ref" || exit 1
    s3_put "$archive" "$key" || exit 1
    [[ $kept ]] || docker rmi "$ref" || exit 1 # the tar has it all, and the layers below stay
    echo "$key" >"$3.key"
)

commit_of() (
    repo=$(mktemp -d "$LAB_DIR/repo.XXXXXX") || exit 1
    trap 'rm -rf "$repo"' EXIT
    make_repo "$1" "$repo"
)

is_here() { [[ $(docker image inspect -f '{{index .Config.Labels "fleet.lab.stamp"}}' "$1" 2>/dev/null) == "$2" ]]; }

# The image of an instance in this machine's own engine, for the first look: no host and no S3 server is needed for it.
lab_here() {
    local image=${1:?which image?} repo layer env_at env parent config fixes below stamp ref
    lock
    ensure_packages
    ensure_engine
    settings "$image"
    ensure_layer "$layer"
    below=$(layer "$layer") || exit
    stamp=$(image_stamp "$image" "$below" "$parent")
    mkdir -p "$LAB_DIR/instances"
    ref=$(image_ref "$repo" "$(commit_of "$image")")
    is_here "$ref" "$stamp" ||
        commit_instance_image "$image" "$below" "$stamp" >>"$LAB_DIR/instances.log" 2>&1 ||
        die "the image $image was not built (log: $LAB_DIR/instances.log)"
    say "here: $ref"
}

lab_instances() {
    local image layer
    lock
    s3_up
    mkdir -p "$LAB_DIR/instances"
    # Layers one by one: those of languages lie on the first.
    while read -r layer; do ensure_layer "$layer"; done < <(sed -sn 's/^layer=//p' "$PROJECTS"/*/image | sort -u)
    mapfile -t images < <(images)
    each 2 ensure_instance_image "${images[@]}"
    say "instances: ${#images[@]} images at s3://$BUCKET/$PREFIX/"
}
