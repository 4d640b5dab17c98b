#!/bin/sh
# Makes a small image of an instance out of this machine's own programs. Its label `base` is the base commit in it.
# Usage: sh image.sh NAME
set -e
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for name in sh bash git patch cp rm mkdir cat grep sleep ls head tail ln touch yes tr env stat; do
    file=$(readlink -f "$(command -v "$name")")
    mkdir -p "$root/usr/bin"
    cp "$file" "$root/usr/bin/$name"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root${library%/*}"
        cp -Ln "$library" "$root$library"
    done
done
ln -s usr/bin "$root/bin"
mkdir -p "$root/tmp" "$root/saved/py" "$root/app/repo/tests" "$root/etc"
echo 'root:x:0:0::/root:/bin/sh' > "$root/etc/passwd"
echo 'export SAVED=yes http_proxy=http://0.0.0.0:8080' > "$root/saved/py/ENV"
cd "$root/app/repo"
cat > calc.sh <<'END'
# A calculator.
#
#
#
add() {
    echo $(($1 - $2))
}
END
cat > run.sh <<'END'
. ./calc.sh
for test in tests/test_*.sh; do
    if (. "$test"); then echo "PASSED $test"; else echo "FAILED $test"; fi
done
echo "a warning" >&2
END
# shellcheck disable=SC2016 # the test expands it
echo '[ "$(add 0 0)" = 0 ]' > tests/test_zero.sh
echo 'of the repository' > notes.txt
echo '# of the base' > conftest.py
mkdir web nose
echo 'of the base' > nose/own.py
echo '# of the web' > web/conftest.py
printf '[pytest]\naddopts = -v\n' > web/setup.cfg
printf '[metadata]\nname = calc\n\n[tool:pytest]\naddopts = -rA\n' > setup.cfg
printf 'one\r\ntwo\r\n' > windows.txt
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git -c init.defaultBranch=main init -q
git add -A
git -c user.name=lab -c user.email=lab@example.org commit -q --no-gpg-sign -m base
base=$(git rev-parse HEAD)
ln -s . repo
echo 'of the image' > leftover.txt
echo 'of the image' >> notes.txt
mkdir -p .git/hooks
printf '#!/bin/sh\ntouch /tmp/hooked\n' > .git/hooks/post-checkout
chmod +x .git/hooks/post-checkout
tar -C "$root" --owner=1234 --group=1234 -c . | docker import --change 'LABEL fleet.test=evaluation' --change "LABEL base=$base" - "$1" >/dev/null
