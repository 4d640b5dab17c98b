# A fleet.toml for the lab: `config` prints all of it, `config PART…` some: fleet, hosts, images, agents, pipeline.
# shellcheck shell=bash

config_fleet() {
    cat <<END
[fleet]
state = ".fleet"
results = "results"
pipeline = "swe"

[ssh]
config = "$LAB_DIR/ssh_config"
END
}

config_hosts() {
    local host
    for host in "${HOSTS[@]}"; do printf '[[host]]\nname = "%s"\n' "$host"; done
}

config_images() {
    cat <<END
[images]
bucket = "$BUCKET"
prefix = "$PREFIX/"
endpoint = "$S3_ENDPOINT"
region = "us-east-1"
path_style = true
high_water = 99
END
}

# A trajectory as an agent leaves it, with this patch, some history, and what it cost.
# shellcheck disable=SC2016 # jq expands it
TRAJECTORY_JQ='
{instance_id: $id, test_result: {git_patch: .}, instruction: "Solve the issue.", metadata: {agent_class: "Scripted"},
 history: ([range(12) | {id: (2 * .), source: "agent", action: "run", args: {command: "grep -n . step\(.)"}},
                        {id: (2 * . + 1), source: "environment", observation: "run", content: "\(.): a line"}]),
 metrics: {accumulated_cost: 0.25, accumulated_token_usage:
    {model: "scripted", prompt_tokens: 12000, completion_tokens: 800, cache_read_tokens: 9000, cache_write_tokens: 0}},
 error: null}'

# One arm of the agent's `case`: its answer to an instance in one run, as a patch or as a whole trajectory.
answer() { # INSTANCE_DIR PATCH
    local id run
    id=$(basename "$1") run=$(basename "$2" .patch)
    printf "'%s/%s')\n" "$id" "${run#run}"
    # shellcheck disable=SC2016 # the agent expands it
    if [[ $(jq '.lab.trajectory' "$1/instance.json") == true ]]; then
        printf 'cat >"$FLEET_OUT/output.jsonl" <<"ANSWER"\n%s\n' "$(jq -Rsc --arg id "$id" "$TRAJECTORY_JQ" "$2")"
    else
        printf 'cat >"$FLEET_OUT/patch.diff" <<"ANSWER"\n'
        cat "$2"
    fi
    printf 'ANSWER\n;;\n'
}

# POSIX sh and coreutils: a host may have no more. It knows all its answers by heart, most of them wrong.
agent_script() {
    local dir patch
    # shellcheck disable=SC2016 # the agent expands it
    echo 'echo "scripted: $FLEET_INSTANCE, run $FLEET_RUN"
grep -q -F "$FLEET_INSTANCE" "$FLEET_DATASET"
docker image inspect "$FLEET_IMAGE" >/dev/null
case "$FLEET_INSTANCE/$FLEET_RUN" in'
    for dir in "$PROJECTS"/*/*/scripted; do
        for patch in "$dir"/run*.patch; do answer "$(dirname "$dir")" "$patch"; done
    done
    # shellcheck disable=SC2016 # the agent expands it
    echo '*) : >"$FLEET_OUT/patch.diff" ;;
esac'
}

config_agents() {
    local script
    script=$(agent_script)
    [[ $script != *"'''"* ]] || die "config: an answer has three single quotes in a row, which end a string of TOML"
    cat <<END
[[agent]]
name = "scripted"
kind = "command"
run = ["sh", "-euc", '''
$script
''']

[[model]]
name = "gold"
agent = "gold"

[[model]]
name = "noop"
agent = "noop"

[[model]]
name = "scripted"
agent = "scripted"
END
}

# One answer hangs: the tests get little time.
config_pipeline() {
    cat <<'END'
[[pipeline]]
name = "swe"
containers = true

[[pipeline.phase]]
name = "image"
does = "image"
deadline = "10m"

[[pipeline.phase]]
name = "trajectory"
does = "trajectory"
deadline = "5m"
stall = "1m"

[[pipeline.phase]]
name = "evaluation"
does = "evaluation"
tests = "2m"
deadline = "5m"

[[pipeline.phase]]
name = "report"
does = "report"
deadline = "1m"
END
}

lab_config() {
    local part
    command -v jq >/dev/null || die "config: needs jq (apt-get install jq)"
    (($#)) || set -- fleet hosts images agents pipeline
    for part; do
        case $part in
        fleet | hosts | images | agents | pipeline) "config_$part" ;;
        *) die "config: what is $part?" ;;
        esac
        echo
    done
}
