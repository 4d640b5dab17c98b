#!/bin/sh
# Makes an image of an instance in Python, on top of the lab's layer with pytest. Its label `base` is the base commit in it.
# Usage: sh pytest.sh NAME LAYER
set -e
root=$(mktemp -d)
container=
trap 'rm -rf "$root"; [ -z "$container" ] || docker rm -f "$container" > /dev/null' EXIT
mkdir -p "$root/app/repo/tests"
cd "$root/app/repo"
printf 'def add(a, b):\n    return a - b\n' > calc.py
printf 'from calc import add\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n' > tests/test_calc.py
printf '[pytest]\npythonpath = .\n' > pytest.ini
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git -c init.defaultBranch=main init -q
git add -A
git -c user.name=lab -c user.email=lab@example.org commit -q --no-gpg-sign -m base
base=$(git rev-parse HEAD)
container=$(docker create "$2" true)
docker cp -q "$root/app" "$container:/"
docker commit --change 'LABEL fleet.test=evaluation' --change "LABEL base=$base" "$container" "$1" > /dev/null
