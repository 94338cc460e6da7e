#!/bin/sh
# Everything on a real Lima VM: sh scripts/test-lima.sh
# Needs limactl on PATH, and root for the VM's image and its own user. Where CCO_LAB_DIR is set, the
# lab there is used and left running; else it is brought up, and stopped at the end.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

command -v limactl >/dev/null ||
  fail "no real VM: limactl is missing on PATH" "  install Lima: https://lima-vm.io/docs/installation/" \
    "  without it, pnpm test:integration and pnpm test:e2e run the same cases on an emulated limactl"
[ "$(id -u)" = 0 ] || fail "no real VM: the lab's image and user (test/lab/lima-vm.sh) need root"

setup git tmux
cd "$root"
say "Bringing up a VM (minutes, where there is no hardware acceleration)"
if [ -z "${CCO_LAB_DIR:-}" ]; then trap 'sh "$root/test/lab/lima-vm.sh" stop' EXIT; fi
sh test/lab/lima-vm.sh up
variables=$(sh test/lab/lima-vm.sh env)
eval "$variables"
say "Testing on it"
node scripts/check.mjs build lima
