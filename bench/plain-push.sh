#!/bin/sh
# The work of a push by plain calls: plain-push.sh <folder> <tmux window> <node>
#
# One Node start; the branch and its history in a bundle; a clone of it made in a sandbox; the
# agent in a sandbox under a terminal server of its own; a pane that shows it; the proof that the
# sandbox is up.
set -eu
folder=$1
window=$2
node=$3

"$node" -e 0
git rev-parse --abbrev-ref HEAD >/dev/null
git rev-list --boundary --max-count=100 HEAD >/dev/null
mkdir -p "$folder/workspace" "$folder/exchange" "$folder/home"
git bundle create --quiet "$folder/exchange/input.bundle" HEAD

sandbox() {
  bwrap --unshare-all --die-with-parent --new-session --clearenv --setenv PATH /usr/bin:/bin \
    --setenv HOME /home/agent --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
    --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp \
    --bind "$folder/workspace" /workspace --bind "$folder/exchange" /exchange \
    --bind "$folder/home" /home/agent --chdir /workspace "$@"
}

sandbox sh -c 'git init --quiet . && git fetch --quiet /exchange/input.bundle HEAD &&
  git checkout --quiet -b work FETCH_HEAD'

cat >"$folder/supervisor" <<SCRIPT
exec bwrap --unshare-all --die-with-parent --clearenv --setenv PATH /usr/bin:/bin \
  --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
  --proc /proc --dev /dev --tmpfs /tmp --bind $folder/workspace /workspace --chdir /workspace \
  sh -c 'touch started; exec sleep 600'
SCRIPT
tmux -S "$folder/tty" -f /dev/null new-session -d "sh $folder/supervisor"
tmux -L cco split-window -h -d -t "$window" "env -u TMUX tmux -S $folder/tty attach" \; \
  select-layout -t "$window" even-horizontal
while [ ! -e "$folder/workspace/started" ]; do sleep 0.002; done
