# The last step in the sandbox before the agent, run as `sh -c <this> cco AGENT…`.
# 9 is the supervisor's: one word tells it that all before the agent worked.
command -v box_inside >/dev/null 2>&1 && { box_inside || exit 126; }
command -v "$1" >/dev/null 2>&1 || {
  echo "cco: $1: command not found in the sandbox" >&2
  exit 127
}
# The agent gets a process group of its own, the terminal's foreground: Ctrl-C is for it alone.
# A shell that did job control gives the terminal back as it exits, to a group that has no number
# in a sandbox, and fails: so it tells the exit code (on 3) to one that did none. It runs a file:
# bash gives up a `-c` text when a program in it dies of SIGINT.
# shellcheck disable=SC2016
job='
trap : INT QUIT
set -m
env "$@" 3>&-
code=$?
# Stopped (Ctrl-Z), not ended: nobody here could continue it, so it goes on at once.
while [ "$code" -gt 128 ] && jobs >"$0.jobs" && [ -s "$0.jobs" ]; do
  fg 3>&- >/dev/null
  code=$?
done
echo "$code" >&3
exec 2>/dev/null
'
file=${TMPDIR:-/tmp}/.cco-$$
printf %s "$job" >"$file" || exit 126
echo up >&9
exec 9>&-
{
  code=$(exec sh "$file" "$@" 3>&1 >&4 4>&-)
  ended=$?
} 4>&1
case $code in '' | *[!0-9]*) code=$ended ;; esac
exit "$code"
