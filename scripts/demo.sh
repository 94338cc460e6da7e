#!/bin/sh
# The main job on a small sample repository: a plan is pushed into an OS sandbox, an agent carries
# it out in a tmux pane, its commits come back checked. Asks nothing and leaves nothing behind:
# sample, settings and tmux server are in a temporary folder of their own.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

# A command as a person would type it, then what it prints.
show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

panes() { tmux -L cco list-panes -a -F '#{pane_id} #{@cco-session}'; }

pane_of() { panes | awk -v id="$1" '$2 == id { print $1 }'; }

clean_up() {
  trap - EXIT INT TERM HUP PIPE
  cd /
  if [ -n "${session:-}" ]; then (cd "$sample" && cco box rm --force "$session") >/dev/null 2>&1 || :; fi
  tmux -L cco kill-server 2>/dev/null || :
  rm -rf "$demo"
}

# The folder holds everything the demonstration writes; a short path, for unix sockets.
private_folder() {
  unset TMUX TMUX_PANE
  demo=$(mktemp -d /tmp/cco-demo.XXXXXX)
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM HUP
  export XDG_DATA_HOME="$demo/data" XDG_CONFIG_HOME="$demo/config" XDG_STATE_HOME="$demo/state"
  export XDG_CACHE_HOME="$demo/cache" TMUX_TMPDIR="$demo" GIT_CONFIG_GLOBAL="$demo/gitconfig"
  sample="$demo/hello"
  mkdir "$demo/bin"
  ln -s "$root/packages/cli/bin/cco.cjs" "$demo/bin/cco"
  PATH="$demo/bin:$PATH"
}

sample_repository() {
  git config --global user.name "Demo"
  git config --global user.email "demo@example.invalid"
  git config --global init.defaultBranch main
  git init -q "$sample"
  cd "$sample"
  printf '# hello\n\nA small sample.\n' >README.md
  mkdir -p docs/plans
  cp "$root/scripts/demo-plan.md" docs/plans/greeting.md
  git add .
  git commit -q -m "a small sample"
}

# The pane as it is, once a second until the agent ends.
watch_pane() {
  cco box wait "$1" >/dev/null &
  waiting=$!
  while
    sleep 1
    printf '\n--- pane %s, live ---\n' "$2"
    tmux -L cco capture-pane -p -t "$2" 2>/dev/null | sed '/^[[:space:]]*$/d' | tail -n 12
    kill -0 "$waiting" 2>/dev/null
  do :; done
  wait "$waiting" || :
}

main_job() {
  show cco doctor || fail "this machine cannot make a sandbox yet: see the → lines above"
  show cco add feat/greeting --no-agent
  # Nobody is attached: without a client's size the window would be 80 columns wide.
  tmux -L cco resize-window -t "$(tmux -L cco list-windows -a -F '#{window_id}')" -x 160 -y 30
  worktree=$(git worktree list --porcelain | sed -n 's/^worktree //p' | tail -n 1)
  show cd "$worktree"

  printf '\n$ cco box push docs/plans/greeting.md --agent runbook\n'
  pushed=$(cco box push docs/plans/greeting.md --agent runbook)
  printf '%s\n' "$pushed"
  session=$(printf '%s\n' "$pushed" | sed -n 's/^Session \([0-9a-f]*\) started.*/\1/p')

  watch_pane "$session" "$(pane_of "$session")"
  show cco box ls
  show cco box pull "$session"
  printf '\n$ git log --stat\n'
  git --no-pager log --stat --format='%h %an: %s'
  show sh greet.sh world
}

setup git tmux bwrap
say "Building cco"
(cd "$root" && node scripts/build.mjs)
say "A sample repository, and the main job on it"
private_folder
sample_repository
main_job
say "Done: pushed, carried out in a sandbox, checked and on the branch. Nothing of it is left."
