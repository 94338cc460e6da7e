#!/bin/sh
# All set-up, then the one gate: sh scripts/test.sh [step…]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

setup git tmux bwrap shellcheck busybox dash zsh fish bsd-csh tcsh ssh sshd
need_claude
say "Checking everything"
cd "$root"
exec node scripts/check.mjs "$@"
