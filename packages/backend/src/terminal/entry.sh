# First process of the agent's container or pod, run as `sh -c <this> entry ID`.
#
# Waits for the order to start, starts the session's terminal, and ends with the agent's exit code
# once the last screen and the log are kept. Started again, it ends as it did. TERM goes to the
# agent. Descriptor 7 is this process's alone: whoever reads the other end learns of its end.
set -u
id=$1
export LC_ALL=C
# Made by the keeper, which may still be at it.
until [ -f /cco/ready ]; do sleep 0.05; done
cd /cco || exit 125
trap 'term=yes; sh ./launch --term "$id" 7>&- &' TERM
term=no
exec 7<>alive.agent
if [ ! -f order ]; then
  { read -r _ <order.fifo; } 7>&- &
  wait $!
  [ "$term" = no ] || exit 143
fi
# shellcheck source=/dev/null
. ./order
sh ./launch --detach "$id" "$@" </dev/null >/dev/null 7>&- &
wait $!
# A signal ends a `wait`, not what it waits for.
while :; do
  sh ./launch --await kept "$id" </dev/null >state 7>&- &
  wait $! && break
done
# Not every engine says it: some process here was killed for want of memory (cgroups 2, then 1).
if cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null |
  grep -q '^oom_kill [1-9]'; then
  : >oom
fi
read -r _ _ _ reason code _ <state
case $reason in
  exit) exit "$code" ;;
  not-started) exit 126 ;;
  *) exit 137 ;;
esac
