/**
 * ENGINE AGENT NET: let the agent's container go, which the order waits for. One that ended stays so.
 * Another that starts it at the same moment makes a start fail: it is looked at again.
 * A function `begin`, put before the scripts that use it.
 */
export const BEGIN = `begin() {
  turns=0
  while :; do
    case $("$1" container inspect --format '{{.State.Status}}' "$2") in
      created | configured | initialized) ;;
      '') return 1 ;;
      *) return 0 ;;
    esac
    said=$({ { [ -z "$3" ] || "$1" start "$3"; } && "$1" start "$2"; } 2>&1 >/dev/null) && return 0
    turns=$((turns + 1))
    [ "$turns" -lt 5 ] || { printf '%s\\n' "$said" >&2; return 1; }
    sleep 0.2
  done
}
`;

/**
 * ENGINE AGENT: until the agent's container has ended. Docker's own `wait` takes one that was never
 * started for one that ended, and no engine blocks until a start.
 */
export const WAIT = `while :; do
  case $("$1" container inspect --format '{{.State.Status}}' "$2") in
    created | configured | initialized) sleep 0.1 ;;
    *) exec "$1" wait "$2" ;;
  esac
done
`;

/**
 * ENGINE KEYS PREFIX ID NET [ARGV…]: what a person's terminal runs. With an argv it is the order to
 * start, which counts once; then it shows the agent's terminal, and after the end the last screen.
 *
 * The tmux client runs beside the agent, never outside its container.
 */
export const SHOW = `${BEGIN}
engine=$1 keys=$2 agent=$3-agent keeper=$3-keeper id=$4 net=$5
shift 5
tty=--interactive
[ ! -t 0 ] || tty='--interactive --tty'
case \${TERM-} in
  xterm | xterm-256color | screen | screen-256color | tmux | tmux-256color) ;;
  *) TERM=xterm-256color ;;
esac
in_keeper() {
  "$engine" start "$keeper" >/dev/null || exit
  # shellcheck disable=SC2086
  "$engine" exec $terminal --env TERM="$TERM" "$keeper" sh -c \\
    'until [ -f /cco/ready ]; do sleep 0.02; done; exec sh /cco/launch "$@"' launch "$@"
}
terminal=
if [ $# -gt 0 ]; then
  in_keeper --order "$id" "$@" || exit
  begin "$engine" "$agent" "$net" || exit
fi
running() {
  [ "$("$engine" container inspect --format '{{.State.Status}}' "$agent")" = running ]
}
if running; then
  # shellcheck disable=SC2086
  "$engine" exec $tty --detach-keys "$keys" --env TERM="$TERM" "$agent" \\
    sh -c '[ -f /cco/started ] || [ -f /cco/order ] || { echo "cco: session $1 was not started" >&2; exit 1; }
      exec sh /cco/launch --attach "$1"' launch "$id"
  case $? in
    # It ended, or its container did before it could say so.
    10 | 12[5-9] | 13[0-9] | 14[0-9] | 255) "$engine" wait "$agent" >/dev/null || exit ;;
    *) exit ;;
  esac
fi
terminal=$tty
in_keeper --far over --view "$id"
`;
