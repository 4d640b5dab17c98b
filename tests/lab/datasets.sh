# The dataset files in assignments/datasets, made from instances/: `datasets` writes them, `datasets --check` says whether
# they are in step. They come in all the forms that real ones have. In instance.json, "lab" chooses, and is left out:
#   file       several instances that name the same file become its lines; without it, OWNER__REPO-ID.jsonl has one
#   style      compact, pretty, or bom (compact, after a byte order mark)
#   lists      FAIL_TO_PASS and PASS_TO_PASS: list, or a string in the manner of json, python or numpy
#   test_patch string, bare (without its last newline), list, or json (a string that holds a list)
#   aliases    true: fail_to_pass_tests, pass_to_pass_tests
# shellcheck shell=bash

DATASETS="$LAB_SRC/../../assignments/datasets"

# shellcheck disable=SC2016 # jq expands it
DATASET_JQ='
def quoted: "\u0027" + . + "\u0027";
def listed($form):
    if $form == "json" then tojson
    elif $form == "python" then "[" + (map(quoted) | join(", ")) + "]"
    elif $form == "numpy" then "[" + (map(quoted) | join("\n ")) + "]"
    else . end;
def patched($form):
    if $form == "json" then map(rtrimstr("\n")) | tojson
    elif $form == "list" then .
    elif $form == "bare" then add | rtrimstr("\n")
    else add end;
(.lab // {}) as $lab
| {instance_id, repo: $repo, base_commit: $commit, image_storage_uri: $uri, language, problem_statement,
   FAIL_TO_PASS: (.FAIL_TO_PASS | listed($lab.lists)), PASS_TO_PASS: (.PASS_TO_PASS | listed($lab.lists)),
   patch: $gold, test_patch: ($tests | patched($lab.test_patch)), test_command, test_output_parser, version: .instance_id}
| if $lab.aliases then with_entries(
    .key |= (if . == "FAIL_TO_PASS" then "fail_to_pass_tests" elif . == "PASS_TO_PASS" then "pass_to_pass_tests" else . end)
  ) else . end'

# dataset IMAGE INSTANCE COMMIT: the instance as one line.
dataset() {
    local repo layer env_at env parent config fixes uri here="$PROJECTS/$1/$2"
    settings "$1"
    uri=$(image_ref "$repo" "$3")
    # No registry has a name with capitals: such a dataset says where in S3 the image lies.
    [[ $repo == "${repo,,}" ]] || uri="s3://$BUCKET/$PREFIX/$(image_key "$repo" "$3")"
    jq -c --arg repo "$repo" --arg commit "$3" --arg uri "$uri" --rawfile gold "$here/gold.patch" \
        --argjson tests "$(jq -Rs . "$here"/test*.patch | jq -s .)" "$DATASET_JQ" "$here/instance.json"
}

# Where the dataset of an instance is, and how it is written: "FILE STYLE".
dataset_file() {
    local repo layer env_at env parent config fixes
    settings "$1"
    # shellcheck disable=SC2016
    jq -r --arg repo "$repo" '(.lab // {}) as $lab
        | ($repo | sub("/"; "__")) as $name
        | ($lab.file // "\(if .instance_id | startswith($name) then .instance_id else "\($name)-\(.instance_id)" end).jsonl")
          + " " + ($lab.style // "compact")' "$PROJECTS/$1/$2/instance.json"
}

write_datasets() {
    local image id commit file style work
    work=$(mktemp -d)
    for image in $(images); do
        commit=$(make_repo "$image" "$work/repo")
        rm -rf "$work/repo"
        for id in $(instances_of "$image"); do
            read -r file style < <(dataset_file "$image" "$id")
            case $style in
            pretty) dataset "$image" "$id" "$commit" | jq . ;;
            bom) printf '\xef\xbb\xbf'; dataset "$image" "$id" "$commit" ;;
            *) dataset "$image" "$id" "$commit" ;;
            esac >>"$1/$file"
        done
    done
    rmdir "$work"
}

lab_datasets() {
    local new
    command -v jq >/dev/null || die "datasets: needs jq (apt-get install jq)"
    new=$(mktemp -d)
    write_datasets "$new"
    if [[ ${1:-} == --check ]]; then
        diff -r "$new" "$DATASETS" >&2 || die "assignments/datasets is out of step with tests/lab/instances; run: $0 datasets"
    else
        [[ ! ${1:-} ]] || die "datasets: what is $1?"
        rm -rf "$DATASETS"
        cp -R "$new" "$DATASETS"
        chmod 755 "$DATASETS"
    fi
    rm -rf "$new"
}
