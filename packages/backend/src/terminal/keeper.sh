# First process of the container that keeps a session's bytes, beside the agent's and without a
# network: `sh -c <this> keeper ID LAUNCH BOX [AFTER…]`.
#
# Makes the folders and the control folder /cco once, waits for the end of the agent's container, however it
# comes, runs AFTER once over what the agent left, and stays until TERM.
set -u
umask 077
id=$1 launch=$2 box=$3
shift 3
export LC_ALL=C
trap 'exit 143' TERM INT HUP

cd /cco || exit 125
mkdir -p "/workspace/$id" "/exchange/$id" waiters || exit 125
if [ ! -f ready ]; then
  printf %s "$launch" >launch && printf %s "$box" >box.sh || exit 125
  [ ! -d /provision ] || cp -R /provision/. "$HOME/" || exit 125
  [ -p order.fifo ] || mkfifo order.fifo || exit 125
  [ -p alive.agent ] || mkfifo alive.agent || exit 125
  : >ready
fi

# Blocks without a poll, in the background: a signal ends only a `wait`.
block() {
  { read -r _ <"$1"; } 2>/dev/null &
  wait $!
}

if [ ! -f gone ]; then
  block alive.agent
  : >gone
fi
if [ $# -gt 0 ] && [ -f up ] && mkdir after 2>/dev/null; then
  (cd "/workspace/$id" && exec timeout -s KILL 600 "$@") </dev/null 2>&1 |
    { head -c 65536 && cat >/dev/null; } >after.log &
  wait $!
  : >after/done
fi
[ -p forever ] || mkfifo forever
while :; do block forever; done
