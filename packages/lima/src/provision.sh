#!/bin/sh
# What the machine of a box needs: `sh -s -- VERSION [PROGRAM COMMAND]…`, as root.
#
# Changes only what is missing, and needs no network where nothing is. Each line of its output is
# a word, a tab and what it is about: `changed`, `missing`, `version` (before and now).
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
tab=$(printf '\t')
stamp=/var/lib/cco/provisioned
version=$1
shift

say() { printf '%s\t%s\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }

packages=''
names=''
need() {
  have "$1" && return 0
  packages="$packages $2"
  names="$names $1"
}
need git git
need tmux tmux
need bwrap bubblewrap
need tar tar
need node nodejs
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || packages="$packages ca-certificates"
given=$#
while [ "$given" -gt 0 ]; do
  # Only npm is a package manager that this knows how to get.
  if ! have "$1"; then case $2 in npm\ *) need npm npm ;; esac; fi
  program=$1 command=$2
  shift 2
  set -- "$@" "$program" "$command"
  given=$((given - 2))
done

if [ -n "$packages" ]; then
  if have apt-get; then
    # shellcheck disable=SC2086 # a list of words
    {
      apt-get -qq -o DPkg::Lock::Timeout=300 update </dev/null &&
        apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $packages </dev/null
    } >&2 && say changed "installed$packages"
  else
    echo "no apt-get here: install$packages with this system's package manager" >&2
  fi
fi

# Where ordinary users may make no user namespace, no sandbox can be made.
allow_namespaces() {
  file=/proc/sys/$(echo "$1" | tr . /)
  [ -r "$file" ] && [ "$(cat "$file")" = "$2" ] || return 0
  mkdir -p /etc/sysctl.d && echo "$1 = $3" >>/etc/sysctl.d/60-cco.conf && echo "$3" >"$file" &&
    say changed "$1 = $3"
}
allow_namespaces kernel.apparmor_restrict_unprivileged_userns 1 0
allow_namespaces kernel.unprivileged_userns_clone 0 1

while [ $# -gt 0 ]; do
  if ! have "$1"; then
    if sh -c "$2" </dev/null >&2 && have "$1"; then say changed "installed $1"; else say missing "$1"; fi
  fi
  shift 2
done

failed=0
for name in git tmux bwrap tar; do
  have "$name" || { say missing "$name" && failed=1; }
done
have node || say missing node
before=none
[ ! -r "$stamp" ] || before=$(cat "$stamp")
say version "$before$tab$version"
[ "$failed" = 0 ] || exit 1
[ "$before" = "$version" ] || { mkdir -p "${stamp%/*}" && echo "$version" >"$stamp"; }
