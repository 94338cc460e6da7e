#!/bin/sh
# Everything that needs real podman and docker: sh scripts/test-containers.sh
# Where CCO_TEST_ENGINES=own, the caller's own engines (test/lab/containers says how).
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

setup git tmux
cd "$root"
if [ "${CCO_TEST_ENGINES:-}" != own ]; then
  say "Bringing up podman and docker"
  sh test/lab/containers install
  trap 'sh test/lab/containers down' EXIT
  sh test/lab/containers up
fi
say "Testing with them"
node scripts/check.mjs build containers
