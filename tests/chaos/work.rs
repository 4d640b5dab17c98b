//! What is to be done: short limits, jobs of a few seconds, and what they do besides.

use fleet::rehearse::Dice;

use super::lab::LEDGER;

/// All but hosts and pipeline.
pub(crate) const FLEET_TOML: &str = r#"[fleet]
state = "state"
results = "results"
pipeline = "job"
grace = "1s"
lost_retries = 100
retry_pause = "1s"
quarantine = "3s"
output_cap = "256KiB"
unreachable = "60s"
[ssh]
silence = "6s"
backoff = "2s"
connect_timeout = "5s"
[[model]]
name = "m"
"#;

/// What all phases begin with.
const COMMON: &str = r#"dir=LEDGER; mkdir -p $dir
kind=${FLEET_INSTANCE%%-*}; rest=${FLEET_INSTANCE#*-}; beats=${rest%%-*}
file=$dir/$FLEET_ATTEMPT.$FLEET_PHASE.$$; read -r born rest </proc/uptime; file=$file.$born
who="$FLEET_ATTEMPT $FLEET_HOST $$ $FLEET_SET/$FLEET_INSTANCE"
say() { read -r up rest </proc/uptime; echo "$up $1 $who" >>"$file"; }
beat() { n=$1; while [ "$n" -gt 0 ]; do n=$((n - 1)); sleep 0.2; say beat; done; }
"#;

/// Beats for so long as it is worth to wait for, in a session and with an environment of its own.
const STRAY: &str = r#"n=100; while [ $n -gt 0 ]; do n=$((n - 1)); read -r up rest </proc/uptime; echo "$up stray $1" >>"$2"; sleep 0.2; done"#;

/// The phase in which the time passes.
const WORK: &str = r#"say start
case $kind in
stray) (env -i setsid sh -c "$STRAY" fleet-chaos-stray "$who" "$file.stray" &) ;;
ghost) (env -i setsid sh -c "$STRAY" fleet-chaos-stray "$who" "$file.stray" </dev/null >/dev/null 2>&1 &) ;;
loud) head -c 3000000 /dev/zero | tr '\0' 'x' | fold -w 200 ;;
esac
beat "$beats"
case $kind.$FLEET_ATTEMPT in
fails.*|second.*.1) say fail; echo 'it was not to be' >&2; exit 7 ;;
esac"#;

/// The phase that leaves something.
const LEAVE: &str = r#"echo "$who" >"$FLEET_OUT/payload" 2>/dev/null
say beat; sleep 0.3
say end"#;

/// The pipeline of all jobs.
pub(crate) fn pipeline() -> String {
    let common = COMMON.replace("LEDGER", LEDGER);
    let phase = |name: &str, script: &str| {
        format!(
            "[[pipeline.phase]]\nname = \"{name}\"\nrun = [\"sh\", \"-c\", '''\nSTRAY='{}'\n{common}{script}\n''']\ndeadline = \"5m\"\n",
            STRAY.replace('\'', "")
        )
    };
    format!(
        "[[pipeline]]\nname = \"job\"\n{}{}",
        phase("work", WORK),
        phase("leave", LEAVE)
    )
}

/// A set of jobs: some for each host, as many for any host that is idle.
pub(crate) fn set(dice: &mut Dice, hosts: &[&str], ghosts: bool) -> Vec<(String, String)> {
    let mut jobs = Vec::new();
    for n in 0..hosts.len() * 8 {
        let kind = match dice.below(20) {
            0..3 => "stray",
            3 => "fails",
            4 => "second",
            5..7 => "loud",
            7..9 if ghosts => "ghost",
            _ => "calm",
        };
        let most = if dice.one_in(4) { 60 } else { 20 };
        let beats = 5 + dice.below(most);
        let host = hosts.get(n % (2 * hosts.len())).copied().unwrap_or("*");
        jobs.push((host.to_owned(), format!("{kind}-{beats}-{n}")));
    }
    jobs
}
