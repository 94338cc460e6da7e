# Bundle what a guest holds now: collect <stream|store|facts> <workspace> <exchange> <base>
#
# stream: the bundles on stdout, framed (collect-parser.ts reads it). store: into the
# exchange folder. facts: only what there is. Where both folders are empty arguments, the
# current folder is the workspace. Safe to repeat and to run twice at once: it changes
# nothing of the agent's repository, and works in a folder of its own.
set -u
umask 077
mode=$1 workspace=$2 exchange=$3 base=$4
if [ -z "$workspace" ]; then
  # After the agent's end, in the workspace: /workspace/<id> has /exchange/<id> beside it.
  workspace=$PWD
  exchange=${PWD%/*/*}/exchange/${PWD##*/}
  [ -d "$exchange" ] || exchange=${PWD%/*}/exchange
fi

SALVAGE_SECONDS=300
# The agent's files may be such that git waits for ever: a FIFO in place of .git/HEAD, or behind a link.
LOOK_SECONDS=60
BUNDLE_SECONDS=900

LC_ALL=C
GIT_TERMINAL_PROMPT=0
GIT_OPTIONAL_LOCKS=0
GIT_NO_LAZY_FETCH=1
# Not the agent's: neither its configuration beyond the repository's own, nor its hooks.
GIT_CONFIG_GLOBAL=/dev/null
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_COUNT=6
GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
GIT_CONFIG_KEY_1=core.hooksPath GIT_CONFIG_VALUE_1=/dev/null
GIT_CONFIG_KEY_2=core.fsmonitor GIT_CONFIG_VALUE_2=false
GIT_CONFIG_KEY_3=commit.gpgSign GIT_CONFIG_VALUE_3=false
GIT_CONFIG_KEY_4=gc.auto GIT_CONFIG_VALUE_4=0
GIT_CONFIG_KEY_5=advice.addEmbeddedRepo GIT_CONFIG_VALUE_5=false
GIT_AUTHOR_NAME=cco GIT_AUTHOR_EMAIL=cco@localhost
GIT_COMMITTER_NAME=cco GIT_COMMITTER_EMAIL=cco@localhost
# Where the agent deleted .git, a repository further up is not the answer.
GIT_CEILING_DIRECTORIES=${workspace%/*}
export LC_ALL GIT_TERMINAL_PROMPT GIT_OPTIONAL_LOCKS GIT_NO_LAZY_FETCH GIT_CONFIG_GLOBAL \
  GIT_CONFIG_NOSYSTEM GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_CONFIG_KEY_1 \
  GIT_CONFIG_VALUE_1 GIT_CONFIG_KEY_2 GIT_CONFIG_VALUE_2 GIT_CONFIG_KEY_3 GIT_CONFIG_VALUE_3 \
  GIT_CONFIG_KEY_4 GIT_CONFIG_VALUE_4 GIT_CONFIG_KEY_5 GIT_CONFIG_VALUE_5 \
  GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME \
  GIT_COMMITTER_EMAIL GIT_CEILING_DIRECTORIES
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY

work=$(mktemp -d "$exchange/collect.XXXXXX" 2>/dev/null) ||
  work=$(mktemp -d "${TMPDIR:-/tmp}/collect.XXXXXX") || exit 75
trap 'rm -rf "$work" "${spare-}"' 0
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

case ${#base} in
64) format=--object-format=sha256 ;;
*) format= ;;
esac

fact() { # fact <key> <value>
  if [ "$mode" = store ]; then
    printf 'fact %s %s\n' "$1" "$2" >>"$work/facts"
  else
    printf 'fact %s %s\n' "$1" "$2"
  fi
}

emit() { # emit <name> <file>
  case $mode in
  stream)
    size=$(wc -c <"$2") || exit 74
    printf 'file %s %s\n' "$1" "$((size))"
    cat "$2" || exit 74
    ;;
  store) mv -f "$2" "$exchange/output.$1" ;;
  esac
}

look='' limit='' bundling=''
if timeout 5 true >/dev/null 2>&1; then
  look="timeout $LOOK_SECONDS"
  limit="timeout $SALVAGE_SECONDS"
  bundling="timeout $BUNDLE_SECONDS"
fi

[ "$mode" = store ] || printf 'cco-collect 1\n'
cd "$workspace" 2>/dev/null || cd "$work" || exit 75

# --- commits ---------------------------------------------------------------

answered() { # answered <status>: git that was ended (124: by timeout) said nothing, not "nothing there"
  if [ "$1" -eq 124 ] || [ "$1" -gt 129 ]; then
    echo "git gives no answer in the repository" >&2
    exit 70
  fi
}

head='' ref='' gitdir='' objects=''
if gitdir=$($look git rev-parse --absolute-git-dir 2>/dev/null); then
  head=$($look git rev-parse -q --verify 'HEAD^{commit}' 2>/dev/null) || { answered $? && head=; }
  ref=$($look git symbolic-ref -q HEAD 2>/dev/null) || { answered $? && ref=; }
  objects=$($look git rev-parse --git-path objects) || answered $?
  case $objects in
  /*) ;;
  *) objects=$workspace/$objects ;;
  esac
else
  answered $?
fi
[ -z "$head" ] || fact head "$head"
[ -z "$ref" ] || fact ref "$ref"
[ -n "$gitdir" ] || fact git gone

# $tips: what is bundled, beyond the pushed commit where the repository still knows it.
not="^$base"
$look git cat-file -e "$base^{commit}" 2>/dev/null || { answered $? && not=; }
new_commits() { # new_commits <tips…>
  # shellcheck disable=SC2086 # nothing, or one word
  $look git rev-list --max-count=1 "$@" $not -- 2>/dev/null
}
tips=
if [ -n "$gitdir" ]; then
  # A branch that cannot be read must not hide the others.
  for try in "${head:+HEAD} --branches" "${head:+HEAD}"; do
    [ "$try" != "" ] || continue
    # shellcheck disable=SC2086 # words
    if found=$(new_commits $try); then
      [ -z "$found" ] || tips=$try
      break
    else
      answered $?
    fi
  done
fi

bundle() { # bundle <file or ->: what goes out at once takes as long as the way there
  patience=$bundling
  [ "$1" != - ] || patience=
  # shellcheck disable=SC2086 # words
  $patience git -c pack.threads=2 bundle create "$1" $tips $not 2>"$work/stderr" || {
    cat "$work/stderr" >&2
    return 1
  }
}

rest=
if [ -z "$tips" ]; then
  fact commits none
  if [ -z "$gitdir" ] && [ "$mode" = stream ] && [ -f "$exchange/output.result.bundle" ]; then
    # What was there at the agent's end.
    emit result.bundle "$exchange/output.result.bundle"
  fi
elif [ "$mode" = facts ]; then
  fact commits some
elif bundle "$work/result.bundle"; then
  emit result.bundle "$work/result.bundle"
else
  rm -f "$work/result.bundle" "$work/result.bundle.lock"
  # The disk may be full: elsewhere, or straight out as the last thing in the stream.
  spare=$(mktemp -d "${TMPDIR:-/tmp}/collect.XXXXXX" 2>/dev/null) || spare=
  if [ -n "$spare" ] && bundle "$spare/result.bundle"; then
    emit result.bundle "$spare/result.bundle"
  else
    rest=yes
  fi
fi
rm -f "$work/result.bundle"

# --- uncommitted work ------------------------------------------------------

bare=$work/salvage.git

bare_git() { # git in a repository of our own, which reads the agent's objects
  $limit git --git-dir="$bare" "$@"
}

salvage_git() { # the same over the agent's files
  bare_git --work-tree="$workspace" "$@"
}

salvage_add() {
  salvage_git add -A --ignore-errors . >/dev/null 2>"$work/stderr"
  case $? in
  0 | 1) return 0 ;; # 1: a file could not be read; the others are in
  *) return 1 ;;
  esac
}

hide_plan() {
  [ -f "$exchange/hidden" ] || return 0
  while IFS= read -r plan; do
    salvage_git update-index --skip-worktree -- "$plan" 2>/dev/null
  done <"$exchange/hidden"
}

# Repositories inside the workspace would become links to commits that nobody has: their
# files are taken instead.
nested_list() {
  find . -name .git -prune 2>/dev/null | sed -n 's|^\./\(.*\)/\.git$|\1|p' |
    while IFS= read -r folder; do
      case $(salvage_git ls-files -s -- "$folder" 2>/dev/null) in
      160000*) ;; # a submodule
      *) printf '%s\n' "$folder" ;;
      esac
    done
}

nested_add() {
  while IFS= read -r folder; do
    rm -f "$work/nested.index"
    (
      cd "./$folder" || exit
      export GIT_INDEX_FILE="$work/nested.index"
      bare_git --work-tree=. add -A --ignore-errors . >/dev/null 2>&1
    )
    tree=$(GIT_INDEX_FILE="$work/nested.index" salvage_git write-tree 2>/dev/null) || continue
    salvage_git read-tree --prefix="$folder/" "$tree" 2>/dev/null || continue
    fact nested "$folder"
  done <"$work/nested"
}

salvage() {
  # shellcheck disable=SC2086 # words
  git init -q --bare --template= $format "$bare" || return 1
  mkdir -p "$bare/objects/info" "$bare/info" || return 1
  bare_git config core.bare false || return 1
  if [ -n "$gitdir" ]; then
    printf '%s\n' "$objects" >"$bare/objects/info/alternates"
    # With its time: by that git knows which files may have changed since within the same second.
    for file in shallow index; do
      [ ! -f "$gitdir/$file" ] || cp -p "$gitdir/$file" "$bare/$file" || return 1
    done
    [ ! -f "$gitdir/info/exclude" ] || cat "$gitdir/info/exclude" >>"$bare/info/exclude"
  fi
  [ ! -f "$exchange/exclude" ] || cat "$exchange/exclude" >>"$bare/info/exclude"
  if ! bare_git cat-file -e "$base^{commit}" 2>/dev/null; then
    [ ! -f "$exchange/shallow" ] || cp "$exchange/shallow" "$bare/shallow"
    bare_git fetch -q --no-tags "$exchange/input.bundle" '+refs/heads/*:refs/pushed/*' \
      2>/dev/null || return 1
  fi
  parent=${head:-$base}

  nested_list >"$work/nested"
  sed -e 's/[][\\*?!# ]/\\&/g' -e 's|.*|/&/|' "$work/nested" >>"$bare/info/exclude"
  # The agent's own index spares reading every file again; where it is no good, a new one.
  if [ ! -f "$bare/index" ] || ! salvage_add; then
    rm -f "$bare/index" "$bare/index.lock"
    salvage_git read-tree "$parent" 2>/dev/null || return 1
    hide_plan
    salvage_add || return 1
  fi
  nested_add

  tree=$(salvage_git write-tree 2>/dev/null) || return 1
  [ "$tree" != "$(bare_git rev-parse "$parent^{tree}")" ] || return 0
  commit=$(echo "Uncommitted when the agent ended" | bare_git commit-tree "$tree" -p "$parent") ||
    return 1
  bare_git update-ref --no-deref HEAD "$commit" || return 1
  salvaged=yes
}

salvaged=
if [ -n "$rest" ]; then
  fact salvage failed
elif ! salvage; then
  fact salvage failed
elif [ -z "$salvaged" ]; then
  fact salvage none
elif [ "$mode" = facts ]; then
  fact salvage made
elif $bundling git --git-dir="$bare" bundle create "$work/salvage.bundle" HEAD "^$base" 2>/dev/null; then
  fact salvage made
  emit salvage.bundle "$work/salvage.bundle"
else
  fact salvage failed
fi

case $mode in
store) mv -f "$work/facts" "$exchange/output.facts" ;;
*)
  if [ -n "$rest" ]; then
    printf 'rest result.bundle\n'
    bundle - || exit 74
  else
    printf 'end\n'
  fi
  ;;
esac
