//! Applying a patch in the container: whole or not at all.

use std::collections::BTreeSet;

use super::container::{Container, DIR};
use super::named::named;
use crate::domain::Fault;
use crate::domain::evidence::Applied;
use crate::runner::excerpt::plain_line;

/// Exit codes of [`APPLY`].
const CODES: [(i32, Applied); 3] = [(0, Applied::Git), (10, Applied::Fuzzy), (20, Applied::Failed)];

/// `git apply`, which takes a patch whole or leaves it: on the files as they are, then (the model's patch
/// only) as the base commit has them, since that is what the patch was made from, and an image may have
/// files and changes of its own. Else `patch` with fuzz, tried dry first. What any of them should leave half
/// is put back from copies of the files that the patch names.
///
/// Reads the names, an empty line, and the patch: `read` takes from a pipe no more than its line. What is written is
/// written by `cat`, which says why it cannot; a shell's own `printf` does not.
const APPLY: &str = r#"
cd "$1" || exit 92
ours=$2 base=$3
patch=$ours/patch names=$ours/names saved=$ours/saved said=$ours/said
rm -rf "$saved" && mkdir "$saved" || exit 93
while IFS= read -r name && [ -n "$name" ]; do printf '%s\n' "$name"; done | cat > "$names" || exit 98
cat > "$patch" || exit 98
there() { [ -e "$1" ] || [ -L "$1" ]; }
copy() {
  case $3 in */*) mkdir -p "$2/${3%/*}" || return;; esac
  cp -pPR "$1/$3" "$2/$3"
}
while IFS= read -r name; do
  if there "./$name"; then copy . "$saved" "$name" || exit 94; fi
done < "$names"
# git looks for itself.
linked() {
  while IFS= read -r name; do
    way=. rest=$name
    while case $rest in */*) :;; *) false;; esac; do
      way=$way/${rest%%/*} rest=${rest#*/}
      if [ -L "$way" ]; then echo "error: $name is beyond a symbolic link"; return 0; fi
    done
  done < "$names"
  return 1
}
put_back() {
  while IFS= read -r name; do
    rm -rf "./$name" || exit 95
    if there "$saved/$name"; then copy "$saved" . "$name" || exit 96; fi
  done < "$names"
}
fuzzy() { patch --batch --forward --unified --fuzz=5 -p1 --no-backup-if-mismatch -r - "$@" -i "$patch"; }
by_git() {
  git apply --check -v "$patch" > "$said" 2>&1 || return
  if grep -q '^Skipped patch' "$said"; then return 1; fi
  git apply "$patch" >> "$said" 2>&1
}
as_base() {
  while IFS= read -r name; do
    rm -rf "./$name" || exit 95
    if git cat-file -e "$base:$name" 2> /dev/null; then
      GIT_INDEX_FILE=$ours/index git --literal-pathspecs checkout -q "$base" -- "$name" || return
    fi
  done < "$names"
}
if by_git; then cat "$said"; exit 0; fi
cat "$said"
put_back
if [ -n "$base" ]; then
  if as_base && by_git; then echo 'applied to files as the base commit has them'; exit 0; fi
  put_back
fi
if ! linked; then
  if fuzzy --dry-run > "$said" 2>&1; then
    if fuzzy > "$said" 2>&1; then cat "$said"; exit 10; fi
    put_back
  fi
  cat "$said"
fi
# A full disk is not the patch's fault.
head -c 1048576 /dev/zero > "$ours/room" || exit 97
exit 20
"#;

/// Applies a patch that is not empty; how it went, and what the tools said of it. With a `base`, files may be
/// taken from there.
pub(super) fn apply(
    container: &Container,
    repo: &str,
    base: Option<&str>,
    patch: &str,
) -> Result<(Applied, String), Fault> {
    let names = match named(patch, repo) {
        Ok(names) => names,
        Err(why) => return Ok((Applied::Failed, plain_line(&format!("refused: {why}")))),
    };
    let input = format!("{}\n{patch}", lines(&names));
    let codes = CODES.map(|(code, _)| code);
    let args = [repo, DIR, base.unwrap_or_default()];
    let said = container.script(APPLY, &args, input.as_bytes(), &codes)?;
    let state = CODES.iter().find(|(code, _)| said.status == Some(*code));
    let state = state.map_or(Applied::Failed, |(_, state)| *state);
    Ok((state, in_brief(&said.stdout, state)))
}

/// One path a line, which no path from [`named`] can break.
pub(super) fn lines(paths: &BTreeSet<String>) -> String {
    paths.iter().flat_map(|path| [path, "\n"]).collect()
}

/// Of what the tools said: of a success nothing but oddities, of a failure the lines that say why.
fn in_brief(said: &str, state: Applied) -> String {
    let signs: &[&str] = match state {
        Applied::Failed => &[
            "error:",
            "fatal:",
            "FAILED",
            "corrupt",
            "malformed",
            "garbage",
            "Skipp",
            "not found",
            "refusing",
        ],
        _ => &["fuzz", "offset", "as the base commit has them"],
    };
    let lines = said
        .lines()
        .filter(|line| signs.iter().any(|sign| line.contains(sign)));
    let mut brief = String::new();
    for line in lines.take(4) {
        if !brief.is_empty() {
            brief.push_str("; ");
        }
        brief.push_str(&plain_line(line));
    }
    if brief.is_empty() && state == Applied::Failed {
        brief = said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .map(plain_line)
            .unwrap_or_default();
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_by_its_reasons_and_a_success_by_its_oddities() {
        let said = "Checking patch a.py...\nerror: while searching for:\n x\nerror: patch failed: a.py:1\nerror: a.py: patch does not apply\nHunk #1 FAILED at 3.\u{1b}[2J\n";
        assert_eq!(
            in_brief(said, Applied::Failed),
            "error: while searching for:; error: patch failed: a.py:1; error: a.py: patch does not apply; Hunk #1 FAILED at 3."
        );
        assert_eq!(in_brief("patching file a\n", Applied::Git), "");
        assert_eq!(
            in_brief(
                "patching file a\nHunk #1 succeeded at 5 with fuzz 2.\n",
                Applied::Fuzzy
            ),
            "Hunk #1 succeeded at 5 with fuzz 2."
        );
        assert_eq!(in_brief("something odd\n\n", Applied::Failed), "something odd");
    }
}
