#!/bin/sh
# Everything that needs the real Codex and opencode: sh scripts/test-agents.sh
# They are some 800 MB, so only this installs them (test/model/agent-packages has the versions). One
# that cannot be installed has its tests skipped by name, which is a failure where CI is set.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

setup git tmux bwrap
need_agents
cd "$root"
if [ "$agents" = 0 ] && [ -z "${CI:-}" ]; then
  say "Nothing tested: no agent could be installed"
  exit 0
fi
say "Testing with them"
exec node scripts/check.mjs build agents
