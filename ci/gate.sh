#!/usr/bin/env bash
# Builds the base and the head of a change, and compares them with `rpcbench check`.
# The work of action.yml; it also runs in any other CI, and by hand, in the root of a git repository:
#
#   GATE_COMMAND='python3 {tree}/server.py {port}' ci/gate.sh              # a server in any language
#   GATE_PROGRAM=target/release/rpcbench GATE_MODEL=async ci/gate.sh       # a program that uses the library
#
# Environment:
#   GATE_BASE       what to compare with: a commit, branch or tag, which must not be the commit that is
#                   checked out [the base of a pull request, see PULL_REQUEST_BASE; else the default
#                   branch of origin]
#   GATE_BUILD      commands that build a tree, run in its folder; one that fails ends the build
#                   [none for GATE_COMMAND, else cargo build --release]
#   GATE_COMMAND    command that starts a server, run in the folder of its tree, without a shell; {tree}
#                   is that folder, {port} the port
#   GATE_PROGRAM    path in each tree of a program that uses the library of rpcbench
#   GATE_MODEL      models that this program is measured with [async]
#   GATE_ARGS       further arguments of rpcbench check; quotes keep a value together
#   GATE_OUT        folder for the results [rpcbench-check]
#   GATE_RPCBENCH   program that measures GATE_COMMAND [built from the folder of this script]
#   GATE_BASE_TREE  folder of a base that is built already: GATE_BASE is not used
#   PULL_REQUEST_HEAD, PULL_REQUEST_BASE  the head and the base of a pull request, as its event names
#                   them. Where a merge of that head is checked out, its other parent is the base: what
#                   else is new on the branch is then on both sides
#
# The exit code is that of rpcbench check: 0 pass or improved (or inconclusive with --inconclusive
# pass), 3 regressed or an --assert violated, 4 inconclusive or an --assert undecided, 5 invalid, 1 an
# error (also a tree that does not build), 2 wrong usage, 130 interrupted. Where GITHUB_OUTPUT is set,
# `verdict` and `exit-code` are added to that file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
head=$(pwd)
out=${GATE_OUT:-rpcbench-check}
worktree=

say() { echo "gate: $*" >&2; }

# Ends with this exit code, and names the verdict.
finish() {
    local code=$1 verdict=$2
    say "verdict: $verdict, exit code $code"
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        printf 'verdict=%s\nexit-code=%s\n' "$verdict" "$code" >>"$GITHUB_OUTPUT"
    fi
    exit "$code"
}

# An error, without a verdict.
fail() {
    local code=$1
    shift
    say "$*"
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        printf '### ⚠️ No verdict\n\n%s\n' "$*" >>"$GITHUB_STEP_SUMMARY"
    fi
    finish "$code" error
}

remove_worktree() {
    [ -z "$worktree" ] || git worktree remove --force "$worktree" 2>/dev/null || true
}
trap remove_worktree EXIT

build() {
    local name=$1 tree=$2 command=${GATE_BUILD:-}
    if [ -z "$command" ] && [ -n "${GATE_PROGRAM:-}" ]; then
        command="cargo build --release"
    fi
    [ -n "$command" ] || return 0
    say "building the $name in $tree: $command"
    (cd "$tree" && bash -eo pipefail -c "$command") >&2 || fail 1 "The $name does not build: \`$command\` failed."
}

# The commit to compare with where GATE_BASE names none; nothing if it is not a pull request.
pull_request_base() {
    local parents
    # The object names its parents also in a shallow clone.
    mapfile -t parents < <(git cat-file -p HEAD | sed -n '/^$/q; s/^parent //p')
    if [ ${#parents[@]} = 2 ] && [ "${parents[1]}" = "${PULL_REQUEST_HEAD:-}" ]; then
        echo "${parents[0]}"
    else
        echo "${PULL_REQUEST_BASE:-}"
    fi
}

# The folder of the base, in $base.
check_out_base() {
    if [ -n "${GATE_BASE_TREE:-}" ]; then
        base=$(cd "$GATE_BASE_TREE" && pwd) || fail 2 "GATE_BASE_TREE: no folder $GATE_BASE_TREE."
        return
    fi
    local wanted depth=()
    wanted=${GATE_BASE:-$(pull_request_base)}
    [[ $wanted != -* ]] || fail 2 "The base $wanted (GATE_BASE) is no commit of this repository."
    # A whole clone stays whole.
    [ "$(git rev-parse --is-shallow-repository)" = false ] || depth=(--depth 1)
    # A push of a new branch has the commit 0000… before it.
    [ -n "${wanted//0/}" ] || wanted=origin/HEAD
    if [ "$wanted" = origin/HEAD ] && ! git rev-parse --quiet --verify "$wanted^{commit}" >/dev/null; then
        git fetch --quiet "${depth[@]}" origin HEAD ||
            fail 2 "GATE_BASE is not given, and the default branch of origin cannot be fetched."
        wanted=FETCH_HEAD
    elif ! git rev-parse --quiet --verify "$wanted^{commit}" >/dev/null; then
        # A shallow clone does not have it.
        git fetch --quiet "${depth[@]}" origin "$wanted" 2>/dev/null ||
            fail 2 "The base $wanted (GATE_BASE) is no commit of this repository."
        wanted=FETCH_HEAD
    fi
    if [ "$(git rev-parse "$wanted^{commit}")" = "$(git rev-parse HEAD)" ] && git diff --quiet HEAD; then
        fail 2 "The base is the commit that is checked out, and no file of it is changed: there is nothing to measure. Give another GATE_BASE."
    fi
    worktree=$(mktemp -d)/base
    git worktree add --quiet --detach "$worktree" "$wanted" ||
        fail 1 "The base $wanted cannot be checked out."
    base=$worktree
}

# The arguments of rpcbench check, in $arguments.
read_arguments() {
    arguments=(check --out "$out")
    local words word
    # Quotes keep a value together; nothing else of a shell is carried out.
    words=$(printf '%s' "${GATE_ARGS:-}" | xargs -r printf '%s\n') ||
        fail 2 "GATE_ARGS: cannot read $GATE_ARGS."
    while IFS= read -r word; do
        [ -z "$word" ] || arguments+=("$word")
    done <<<"$words"
}

# The command of the server of a tree, run in the folder of the tree.
command_in() {
    # Quoted, since bash takes a & in the replacement for the text that was found.
    printf "sh -c 'cd \"\$0\" && exec \"\$@\"' %s %s" "$1" "${GATE_COMMAND//\{tree\}/"$1"}"
}

if [ -n "${GATE_COMMAND:-}" ] && [ -n "${GATE_PROGRAM:-}" ]; then
    fail 2 "Give GATE_COMMAND or GATE_PROGRAM, not both."
elif [ -z "${GATE_COMMAND:-}${GATE_PROGRAM:-}" ]; then
    fail 2 "Nothing to measure: give GATE_COMMAND or GATE_PROGRAM."
fi
if [ -n "${GATE_COMMAND:-}" ] && [[ $GATE_COMMAND != *"{tree}"* ]]; then
    fail 2 "GATE_COMMAND: {tree} is missing, the folder of the tree that is measured: without it one server is compared with itself."
fi
read_arguments
check_out_base
if [ -n "${GATE_COMMAND:-}" ]; then
    for tree in "$base" "$head"; do
        [[ $tree != *[[:space:]\'\"\\]* ]] || fail 2 "The folder $tree has a space or a quote in its name."
    done
fi
[ -n "${GATE_BASE_TREE:-}" ] || build base "$base"
build head "$head"

if [ -n "${GATE_PROGRAM:-}" ]; then
    measurer=$head/$GATE_PROGRAM
    arguments+=(--baseline "$base/$GATE_PROGRAM" --model "${GATE_MODEL:-async}")
else
    measurer=${GATE_RPCBENCH:-}
    if [ -z "$measurer" ]; then
        say "building rpcbench in $here"
        # In its own folder, so that the configuration of the change has no effect on it.
        (cd "$here" && cargo build --release --locked --target-dir "$here/target") >&2 ||
            fail 1 "rpcbench does not build."
        measurer=$here/target/release/rpcbench
    fi
    arguments+=(
        --baseline-exec "$(command_in "$base")"
        --exec "$(command_in "$head")"
    )
    # The name of the server is the command as it was given, unless GATE_ARGS names it.
    [[ " ${arguments[*]} " == *" -n "* ]] || arguments+=(-n "$GATE_COMMAND")
fi
command -v "$measurer" >/dev/null || fail 1 "There is no program $measurer."

# The verdict of an earlier run is not that of this one.
rm -f "$out/verdict"
code=0
"$measurer" "${arguments[@]}" || code=$?
verdict=error
# Errors and an interruption leave no verdict; with --inconclusive pass, 0 is not always a pass.
case $code in
0 | 3 | 4 | 5) verdict=$(cat "$out/verdict" 2>/dev/null || echo error) ;;
esac
case $code:$verdict in
# A program that measured nothing.
0:error) code=1 ;;
*:error | 3:regressed) ;;
# An --assert of a candidate that is not slower: it is violated, or cannot be decided.
3:*) verdict=violated ;;
4:*) verdict=inconclusive ;;
esac
if [ "$verdict" = error ]; then
    fail "$code" "rpcbench gave no verdict: its output is in the log of this step."
fi
finish "$code" "$verdict"
