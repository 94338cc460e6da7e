# Beside the agent in its container: guard ID KIB
#
# Stops the agent when a folder of its guest takes more than KIB kibibytes. Much more, and the
# cluster would end the pod, with everything that was not pulled.
set -u
id=$1 limit=$2

used() {
  size=$(du -sk "$1" 2>/dev/null)
  size=${size%%[!0-9]*}
  [ "${size:-0}" -gt "$limit" ]
}

while sleep 5; do
  for folder in "/workspace/$id" "/exchange/$id" "$HOME" /tmp; do
    used "$folder" || continue
    # What the pod's status says of the end.
    echo disk-full >/dev/termination-log
    timeout 10 sh /cco/launch --term "$id"
    sleep 10
    kill -KILL -1
  done
done
