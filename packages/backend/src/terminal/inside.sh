# The last step in the sandbox before the agent, run as `sh -c <this> cco AGENT…`.
# 9 is the supervisor's: one word tells it that all before the agent worked.
command -v box_inside >/dev/null 2>&1 && { box_inside || exit 126; }
command -v "$1" >/dev/null 2>&1 || {
  echo "cco: $1: command not found in the sandbox" >&2
  exit 127
}
# The agent gets a process group of its own: Ctrl-C is for it alone.
trap : INT QUIT
set -m
echo up >&9
exec 9>&-
env "$@"
code=$?
# Stopped (Ctrl-Z), not ended: nobody here could continue it, so it goes on at once.
while [ "$code" -gt 128 ] && jobs >/tmp/.cco-jobs 2>/dev/null && [ -s /tmp/.cco-jobs ]; do
  fg >/dev/null 2>&1
  code=$?
done
# A shell that did job control gives the terminal back as it exits, to a group that has no number
# in here: one that did none exits with the code.
exec sh -c 'exit "$1"' cco "$code"
