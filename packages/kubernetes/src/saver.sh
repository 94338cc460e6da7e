# In the keeper: saver ID ATTEMPT every SECONDS, or: saver ID ATTEMPT after ARGV…
#
# Saves what the session holds to /result, on a volume that outlives the node: every so often as
# saved.ATTEMPT while the agent works; after its end, once ARGV has run, as final.ATTEMPT. A file
# there is whole.
set -u
umask 077
id=$1 attempt=$2 mode=$3
shift 3

save() { # save NAME
  part=/result/.$1.$$
  if (
    cd "/workspace/$id" || exit
    # shellcheck source=/dev/null
    . /etc/cco/save
    exec timeout -s KILL 600 "$@"
  ) </dev/null >"$part" 2>/dev/null && sync "$part"; then
    mv -f "$part" "/result/$1"
  else
    rm -f "$part"
  fi
}

if [ "$mode" = after ]; then
  "$@"
  code=$?
  save "final.$attempt"
  exit "$code"
fi
while sleep "$1"; do
  [ ! -f /cco/gone ] || exit 0
  [ ! -f /cco/up ] || save "saved.$attempt"
done
