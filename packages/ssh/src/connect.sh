# `sh -c <this> connect keep|new FOLDER NAME HOST OPTION…`: a connection to HOST by ssh that
# others share, listening at FOLDER/NAME; `keep`: what is there already will do.
# FOLDER is made, and must be the caller's alone. Prints what ssh said where it failed, and exits
# as ssh did.
umask 077
how=$1 folder=$2 name=$3 host=$4
shift 4
mkdir -p -- "$folder" 2>/dev/null
if [ ! -d "$folder" ] || [ -L "$folder" ] || [ ! -O "$folder" ] || ! chmod 700 "$folder"; then
  echo "$folder is not a folder of yours alone" >&2
  exit 73
fi
cd -- "$folder" || exit 73
[ "$how" != keep ] || [ ! -S "$name" ] || exit 0
# Started under another name: two that start at once do not meet.
new=$name.$$
# Nothing that goes on in the background may hold the caller's pipes: what ssh says goes to a file.
ssh "$@" -M -S "$folder/$new" -f -N -E "$folder/$new.log" -- "$host" </dev/null >/dev/null 2>>"$new.log" &
ssh=$!
trap 'kill "$ssh" 2>/dev/null; rm -f "$new" "$new.log"; exit 143' HUP INT TERM
wait "$ssh"
code=$?
cat "$new.log" >&2
rm -f "$new.log"
[ "$code" -eq 0 ] && mv -f "$new" "$name"
exit "$code"
