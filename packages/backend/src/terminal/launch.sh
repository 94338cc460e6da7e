#!/bin/sh
# A session's terminal: starts the agent once, shows it, says how it ended.
#
#   launch ID ARGV…              start once, then show
#   launch --detach ID ARGV…     start once, then print the state
#   launch --view ID             only show
#   launch --await up|turn|end ID  block until then, then print the state (turn, end: at once if not
#                                started; turn: until the agent's turn is over or it ended)
#   launch --state ID CTL…       print the state of each control folder, one a line
#   launch --log OFFSET ID       what the terminal printed from there on (--follow: all, to the end)
#   launch --capture|--send|--term|--kill|--end ID
#   launch --beside NAME ID ARGV…  run ARGV, with a network helper of its own beside it
#
# Where the terminal is in a container or pod, that one's first process (entry.sh) starts it:
#
#   launch --order ID ARGV…      leave the order to start, the first one only
#   launch --attach ID           show; 10 after the end, without the last screen
#   launch --await kept ID       block until the end, and until screen and log are kept
#   launch --far running|over …  called in another container, over the same control folder; whether
#                                the agent's own is running is known from outside. No process is
#                                judged, and no tmux client talks to the agent's server.
#
# Lies in the session's control folder, which no guest sees, beside box.sh, which says how to
# run things in the guest. Nothing here reads the terminal that the agent writes to.
# shellcheck disable=SC2034 # the fields that `read` fills
set -u
umask 077
export LC_ALL=C
unset CDPATH TMUX TMUX_PANE ENV BASH_ENV secret_names turn_text turn_again turn_limit turn_pause turn_dialogs turn_logins

LOG_BYTES=67108864

# ---- processes ------------------------------------------------------------------------------

# Fields of process $1: p_state, p_tpgid (its terminal's foreground group), p_start (when it
# began, so that a number given to another process is noticed).
process() {
  p_state='' p_tpgid='' p_start=''
  if [ -r /proc/self/stat ]; then
    p_line=''
    # A process may put a newline and brackets into its own name: what counts is after the last.
    while IFS= read -r p_next || [ -n "$p_next" ]; do p_line=$p_next; done 2>/dev/null <"/proc/$1/stat" || :
    # shellcheck disable=SC2086
    set -- ${p_line##*) }
    [ $# -ge 20 ] || return 1
    p_state=$1 p_tpgid=$6 p_start=${20}
  else
    # shellcheck disable=SC2046
    set -- $(ps -o stat= -o tpgid= -o lstart= -p "$1" 2>/dev/null)
    [ $# -ge 3 ] || return 1
    p_state=$1 p_tpgid=$2
    shift 2
    p_start=$(IFS=_ && echo "$*")
  fi
}

# Is process $1 the one that began at $2, and not a zombie?
alive() {
  [ -z "$far" ] || return 1
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  process "$1" || return 1
  case $p_state in Z* | X*) return 1 ;; esac
  [ "$p_start" = "$2" ]
}

boot_id() {
  boot=''
  if [ -r /proc/sys/kernel/random/boot_id ]; then
    read -r boot </proc/sys/kernel/random/boot_id
  else
    boot=$(sysctl -n kern.boottime 2>/dev/null | tr -c '0-9\n' _)
  fi
}

# ---- state ----------------------------------------------------------------------------------

# State of control folder $1: kind (idle, running, ended), since, reason, code, at (seconds since
# 1970), up; while it runs what it waits for and until when.
state_of() {
  kind=idle since=- reason=- code=- at=- up=no child=- child_start=- owner=- owner_start=-
  waits=- resumes=-
  [ -f "$1/started" ] || return 0
  read -r s_boot s_pid s_start s_at <"$1/started" || :
  kind=running
  if [ -f "$1/up" ] && read -r since child child_start <"$1/up"; then
    up=yes
  elif [ -f "$1/paused" ] && read -r since s_at <"$1/paused"; then
    up=yes child=- child_start=-
  fi
  if ! [ -f "$1/waiting" ] || ! read -r waits resumes <"$1/waiting"; then waits=- resumes=-; fi
  # Empty for the moment in which it is written.
  [ -f "$1/pid" ] && read -r owner owner_start <"$1/pid" || owner=-
  ended_of "$1" && return 0
  if [ "$far" = running ]; then
    [ ! -f "$1/gone" ] || kind=ended reason=killed
  elif [ "$s_boot" != "$boot" ]; then
    kind=ended reason=host-restart
  elif [ "$owner" != - ]; then
    alive "$owner" "$owner_start" && return 0
    # It may have recorded the end between the two looks.
    ended_of "$1" && return 0
    kind=ended reason=killed
  elif ! alive "$s_pid" "$s_start"; then
    # The supervisor may have come up between the two looks.
    ended_of "$1" || [ -f "$1/pid" ] && return 0
    kind=ended reason=not-started
  fi
}

ended_of() {
  [ -f "$1/ended" ] && read -r reason code at <"$1/ended" && kind=ended
}

print_states() {
  boot_id
  for ctl in "$@"; do
    [ -d "$ctl" ] || continue
    state_of "$ctl"
    name=${ctl%/ctl}
    echo "${name##*/} $kind $since $reason $code $at $waits $resumes"
  done
}

# Record the end once: $1 reason, $2 exit code or -. The file's block was taken at the start, so
# that a full disk cannot keep the end from being known.
record() {
  [ -f ended ] && return 0
  printf '%-15s %-5s %-20s\n' "$1" "$2" "$(date +%s)" 1<>ended.tmp && mv ended.tmp ended
}

# ---- waiting --------------------------------------------------------------------------------

session_tmux() {
  [ -z "$far" ] || return 1
  tmux -u -S tty "$@"
}

# Wake everything that waits: each waiter has a channel of its own, which remembers the signal.
wake() {
  set --
  for waiter in waiters/*; do
    [ -f "$waiter" ] || continue
    [ $# -eq 0 ] || set -- "$@" ';'
    set -- "$@" wait-for -S "${waiter##*/}"
  done
  [ $# -eq 0 ] || session_tmux "$@" 2>/dev/null </dev/null || :
}

# Block until the agent's sandbox is up ($1 = up), its turn is over ($1 = turn) or it ended ($1 = end).
await() {
  channel=w$$
  blocked=''
  nap=0.02
  [ -z "$far" ] || [ "$1" = up ] || nap=0.3
  trap 'kill $blocked 2>/dev/null; rm -f "waiters/$channel"; exit 143' HUP INT TERM
  : >"waiters/$channel"
  while :; do
    state_of .
    [ "$kind" = running ] || break
    [ "$1" = up ] && [ "$up" = yes ] && break
    [ "$1" = turn ] && [ "$waits" = finished ] && break
    session_tmux wait-for "$channel" >/dev/null 2>&1 </dev/null &
    blocked=$!
    # No server: it is about to be there, or everything is about to be gone.
    wait "$blocked" || sleep "$nap" 2>/dev/null || sleep 1
    blocked=''
  done
  rm -f "waiters/$channel"
  trap - HUP INT TERM
  [ "$kind" = running ] || reap
}

# Wait until somebody began to start it; who waits for the order is woken.
begun() {
  while [ ! -f started ]; do
    if [ -p order.fifo ] && [ -f order ]; then (exec 9<>order.fifo && echo >&9); fi
    sleep 0.02 2>/dev/null || sleep 1
  done
}

# Until the one beside the supervisor has done its part, or can no more.
kept() {
  while [ ! -f log.done ]; do
    { [ -f watcher ] && read -r w_pid w_start <watcher && alive "$w_pid" "$w_start"; } ||
      session_tmux list-sessions >/dev/null 2>&1 || break
    sleep 0.02 2>/dev/null || sleep 1
  done
}

# What should be gone with the session, is.
reap() {
  while [ "$child" != - ] && alive "$child" "$child_start"; do
    kill -KILL "$child" 2>/dev/null
    sleep 0.01 2>/dev/null || sleep 1
  done
}

# ---- start ----------------------------------------------------------------------------------

# Take the one right to start; false when it was taken before.
claim() {
  boot_id
  process $$
  printf '%s %s %s %s\n' "$boot" $$ "$p_start" "$(date +%s)" >"claim.$$" || fail "cannot write to $PWD"
  if ln "claim.$$" started 2>/dev/null; then
    rm -f "claim.$$"
  elif [ -f started ] || ! (set -C && cat "claim.$$" >started) 2>/dev/null; then
    rm -f "claim.$$"
    return 1
  fi
}

fail() {
  echo "cco: $1" >&2
  exit 1
}

start() {
  claim || return 0
  # In place, so that its block is ours.
  printf '%62s\n' '' >ended.tmp
  : >log
  { printf 'set --' && write_argv "$@" && echo; } >argv || fail "cannot write to $PWD"
  mkfifo alive turn && said=$(start_server 2>&1 </dev/null) && return 0
  record not-started -
  printf '%s\n' "$said" >screen
}

# The argv for whoever starts it.
order() {
  { printf 'set --' && write_argv "$@" && echo; } >"order.$$" || fail "cannot write to $PWD"
  ln "order.$$" order 2>/dev/null || [ -f order ] || fail "cannot write to $PWD"
  rm -f "order.$$"
}

# Each word quoted for a shell.
write_argv() {
  for word in "$@"; do
    case $word in
      *\'*)
        printf " '"
        rest=$word
        while :; do
          case $rest in
            *\'*) printf "%s'\\\\''" "${rest%%\'*}" && rest=${rest#*\'} ;;
            *) break ;;
          esac
        done
        printf "%s'" "$rest"
        ;;
      *) printf " '%s'" "$word" ;;
    esac
  done
}

terminal_name() {
  for folder in /usr/share/terminfo /lib/terminfo /etc/terminfo /usr/lib/terminfo; do
    [ -e "$folder/t/tmux-256color" ] && echo tmux-256color && return
  done
  echo screen-256color
}

# The session's own tmux server, with the supervisor as its only process. One call: the log is
# there before the first byte.
start_server() (
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
  # shellcheck source=/dev/null
  . ./box.sh
  # shellcheck disable=SC2086
  [ -z "${secret_names-}" ] || unset $secret_names
  # shellcheck disable=SC2030
  export CCO_CTL="$PWD"
  # shellcheck disable=SC2016 # expanded by the shells that tmux starts
  session_tmux -f /dev/null \
    set-option -s exit-empty on ';' \
    set-option -s exit-unattached off ';' \
    set-option -s escape-time 10 ';' \
    set-option -s focus-events on ';' \
    set-option -s set-clipboard external ';' \
    set-option -sq extended-keys on ';' \
    set-option -as terminal-overrides ',*:Tc' ';' \
    set-option -asq terminal-features ',*:RGB:hyperlinks:extkeys' ';' \
    set-option -s default-terminal "$(terminal_name)" ';' \
    set-option -g default-shell /bin/sh ';' \
    set-option -g status off ';' \
    set-option -g prefix None ';' \
    set-option -g prefix2 None ';' \
    set-option -g mouse on ';' \
    set-option -g history-limit 10000 ';' \
    set-option -g update-environment '' ';' \
    set-option -g set-titles on ';' \
    set-option -g set-titles-string '#T' ';' \
    set-option -g destroy-unattached off ';' \
    set-option -g window-size latest ';' \
    set-option -g allow-rename off ';' \
    set-option -g remain-on-exit on ';' \
    set-option -gq remain-on-exit-format '' ';' \
    set-hook -g pane-died 'run-shell -b '\''exec sh "$CCO_CTL/launch" --finish x'\' ';' \
    bind-key -n S-PPage copy-mode -eu ';' \
    bind-key -n C-M-d detach-client ';' \
    unbind-key -n MouseDown3Pane ';' \
    unbind-key -n M-MouseDown3Pane ';' \
    new-session -d -s agent -x "$columns" -y "$rows" sh ./launch --supervise x ';' \
    pipe-pane -t =agent: 'exec sh "$CCO_CTL/launch" --watch x'
)

terminal_size() {
  columns=120 rows=40
  # shellcheck disable=SC2046
  [ -t 0 ] && set -- $(stty size 2>/dev/null) && [ "${2:-0}" -gt 0 ] && rows=$1 columns=$2
  return 0
}

# ---- the supervisor: the pane's process -------------------------------------------------------

# shellcheck disable=SC2120 # argv sets its words
supervise() {
  # Not ignored, which programs would inherit: a Ctrl-C before the agent's own group is there
  # must not end the one who records the end.
  trap : INT QUIT
  process $$
  printf '%s %s\n' $$ "$p_start" >pid
  # Held by nobody else: the watcher sees its end.
  exec 8>alive
  # Both ends: nobody who writes into it waits for a reader.
  exec 5<>turn
  # shellcheck disable=SC2031
  export CCO_TURN="$PWD/turn"
  # shellcheck source=/dev/null
  . ./argv
  # shellcheck source=/dev/null
  . ./box.sh
  child=- status=none code=-
  if start_helper agent; then
    run_agent "$@"
    while goes_on; do
      run_after
      rm -f waiting
      eval "set -- $turn_again"
      run_agent "$@"
    done
  fi
  if [ ! -f up ] && [ ! -f paused ]; then
    record not-started -
  elif [ "$status" = none ]; then
    record exit "$code"
  elif [ "$status" = unfinished ]; then
    record killed -
  else
    record exit "$status"
  fi
  wake
  run_after
}

# Run the agent's sandbox to its end.
run_agent() {
  rm -f over turned up.fifo
  : >status
  log_size
  before_run=$size
  mkfifo up.fifo
  watch_up <up.fifo >/dev/null 2>&1 5<&- 6<&- 7>&- 8>&- &
  watcher=$!
  listen >/dev/null 2>&1 6<&- 7>&- 8>&- &
  listener=$!
  look >/dev/null 2>&1 6<&- 7>&- 8>&- &
  looker=$!
  # 9: one word from the sandbox before the agent starts. 3: what the sandbox program reports.
  (box_agent "$@") 9>up.fifo 3>status 5<&- 6<&- 7>&- 8>&-
  code=$?
  wait "$watcher"
  read_status
  [ "$child" = - ] || reap
  # Everything that was said before the end is heard before the end is known.
  : >over
  kill "$looker" 2>/dev/null
  wait "$looker"
  echo >&5
  wait "$listener"
}

# The sandbox is up once the last thing before the agent said so.
watch_up() {
  said=''
  read -r said || :
  [ "$said" = up ] || return 0
  read_status
  since=$(date +%s)
  [ ! -f paused ] || read -r since at <paused
  printf '%s %s %s\n' "$since" "$child" "$child_start" >up.tmp && mv up.tmp up
  wake
}

# From the sandbox program's reports: child, child_start, and status: its exit code, `unfinished`
# where it gave none, `none` where this box has no such program.
read_status() {
  child=- child_start=- status=none
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      *'"child-pid": '*) child=${line#*'"child-pid": '} child=${child%%[!0-9]*} status=unfinished ;;
      *'"exit-code": '*) status=${line#*'"exit-code": '} status=${status%%[!0-9]*} ;;
    esac
  done <status
  if [ -f up ]; then
    read -r at child child_start <up
  elif [ "$child" != - ]; then
    process "$child" && child_start=$p_start || child=-
  fi
}

# ---- turns --------------------------------------------------------------------------------------
# Programs in the sandbox write a line into the fifo $CCO_TURN: working, finished, person,
# login, or usage-limit with what was said of its end. Who writes there may lie: it moves nothing but what the
# session is shown to wait for, and when it is gone on with. box.sh may set
#   secret_names  variables that the terminal's server must not have
#   turn_text   what to type into an agent that still runs when a usage limit is over
#   turn_again  the words, quoted for a shell, to start instead of one that exited
#   turn_limit  extended regular expression of a usage limit in the output of one that exited
#   turn_pause  seconds, where nobody said when the limit ends
#   turn_dialogs  extended regular expression of a question on the screen, asked before the first turn,
#               that only a person answers
#   turn_logins the same, of a login that is asked for or was refused

# Take what is said until the agent has ended: blocks of at most 4096 bytes, whatever comes.
listen() {
  turn=0
  while block=$(dd bs=4096 count=1 <&5); do
    while IFS= read -r line; do heard "$line"; done <<END
$block
END
    [ ! -f over ] || return 0
  done
}

heard() {
  case $1 in
    working) next_turn && rm -f waiting && wake ;;
    person | login) next_turn && waits_for "$1" - ;;
    finished)
      next_turn
      # What is there is kept first. It comes back through the fifo, behind what is said meanwhile.
      (run_after && echo "quiet $turn" >&5) &
      ;;
    "quiet $turn") waits_for finished - ;;
    'asks person' | 'asks login') [ "$turn" -gt 0 ] || waits_for "${1#asks }" - ;;
    'asks -') [ "$turn" -gt 0 ] || { rm -f waiting && wake; } ;;
    usage-limit*)
      next_turn
      limit_end "$1"
      waits_for usage-limit "$ends"
      [ -z "${turn_text-}" ] || type_on "$ends" &
      ;;
  esac
}

next_turn() {
  turn=$((turn + 1))
  : >turned
}

# Until the agent says something itself: whether its screen asks what only a person can answer. What
# is seen goes through the fifo, so that nothing said meanwhile is undone.
look() {
  [ -n "${turn_dialogs-}${turn_logins-}" ] || return 0
  asked=- nap=1 dozing=''
  trap '[ -z "$dozing" ] || kill "$dozing" 2>/dev/null; exit 0' TERM
  while [ ! -f over ] && [ ! -f turned ]; do
    doze "$nap"
    # Its words: a narrow screen breaks lines in them.
    screen=$(session_tmux capture-pane -p -t =agent: </dev/null | tr -s '[:space:]' ' ')
    asks=-
    if shows "${turn_logins-}"; then asks=login; elif shows "${turn_dialogs-}"; then asks=person; fi
    [ "$asks" = "$asked" ] || echo "asks $asks" >&5
    asked=$asks
    [ "$nap" -ge 3 ] || nap=$((nap + 1))
  done
}

shows() {
  [ -n "$1" ] && printf '%s\n' "$screen" | grep -q -E -- "$1"
}

waits_for() {
  printf '%s %s\n' "$1" "$2" >waiting.tmp && mv waiting.tmp waiting && wake
}

# Type into the agent that it may go on, at second $1, where it still waits for that.
type_on() {
  sleep_until "$1"
  [ ! -f over ] && [ -f waiting ] && read -r waits resumes <waiting || return 0
  [ "$waits $resumes" = "usage-limit $1" ] || return 0
  run_after
  rm -f waiting
  printf %s "$turn_text" | send
}

# Did the agent that exited meet a usage limit, and has that ended now?
goes_on() {
  [ -n "${turn_again-}" ] && [ -f up ] && [ ! -f stopped ] || return 1
  case $status in none) [ "$code" != 0 ] ;; 0 | unfinished) false ;; esac || return 1
  waits=- resumes=-
  if ! [ -f waiting ] || ! read -r waits resumes <waiting || [ "$waits" != usage-limit ]; then
    [ -n "${turn_limit-}" ] || return 1
    settle
    said=$(tail -c "+$((before_run + 1))" log | tail -c 16384 | grep -E -- "$turn_limit" | tail -n 1 | tail -c 4096)
    [ -n "$said" ] || return 1
    limit_end "$said"
    resumes=$ends
    waits_for usage-limit "$resumes"
  fi
  # Nothing of it is running; what says since when it was is kept.
  mv up paused
  rm -f over
  sleep_until "$resumes"
  [ ! -f stopped ]
}

# Block until second $1. The clock may jump: it is looked at every minute.
sleep_until() {
  while now=$(date +%s) && [ "$now" -lt "$1" ] && [ ! -f over ] && [ ! -f stopped ]; do
    left=$(($1 - now))
    [ "$left" -le 60 ] || left=60
    doze "$left"
  done
}

# Sleep $1 seconds, or until wake_sleeper.
doze() {
  sleep "$1" 5<&- 6<&- 7>&- 8>&- &
  dozing=$!
  process "$dozing" && printf '%s %s\n' "$dozing" "$p_start" >sleeper
  wait "$dozing"
  dozing=''
}

# End a sleep before its time: whoever sleeps looks why.
wake_sleeper() {
  [ -f sleeper ] && read -r s_pid s_start <sleeper && alive "$s_pid" "$s_start" && kill "$s_pid"
  return 0
}

# ends: the second at which a limit ends that was told as $1; where that says nothing, in a while.
# `…|1735689600`, `resets 3:30pm (Europe/Berlin)`, `resets Oct 9, 5am`, `2026-01-31T10:00Z`, `in 2h 5m`.
limit_end() {
  zone=$(printf '%s\n' "$1" | sed -n 's|.*(\([A-Za-z][A-Za-z0-9_+/-]*\)).*|\1|p')
  now=$(date +%s)
  # shellcheck disable=SC2046
  ends=$(printf '%s\n' "$1" | awk -v now="$now" -v here="$(TZ=${zone:-${TZ-}} date '+%Y %m %d %H %M %S')" '
    function days(y, m, d) { # since 1970-01-01
      if (m <= 2) { y--; m += 12 }
      return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
    }
    function number(pattern) { # that the text after a match of it begins with, cut off
      if (!match(text, pattern)) return ""
      text = substr(text, RSTART + RLENGTH)
      return text + 0
    }
    { text = tolower($0) }
    match(text, /\|[0-9]+/) { print substr(text, RSTART + 1, RLENGTH - 1); exit }
    match(text, /20[0-9][0-9]-[01][0-9]-[0-3][0-9]t[0-2][0-9]:[0-5][0-9]/) {
      split(substr(text, RSTART, RLENGTH), p, /[-t:]/)
      print days(p[1], p[2], p[3]) * 86400 + p[4] * 3600 + p[5] * 60
      exit
    }
    match(text, /in [0-9]+ ?(d|h|m)[a-z]*(,? ?(and )?[0-9]+ ?(h|m)[a-z]*)*/) {
      text = substr(text, RSTART + 3, RLENGTH - 3)
      while (match(text, /[0-9]+ ?[dhm]/)) {
        unit = substr(text, RSTART + RLENGTH - 1, 1)
        seconds += (substr(text, RSTART, RLENGTH) + 0) * (unit == "d" ? 86400 : unit == "h" ? 3600 : 60)
        text = substr(text, RSTART + RLENGTH)
      }
      print now + seconds
      exit
    }
    match(text, /[0-9]+(:[0-5][0-9])? ?[ap]m/) {
      split(substr(text, RSTART, RLENGTH), p, /[: ap]/)
      hour = p[1] % 12 + (substr(text, RSTART + RLENGTH - 2, 1) == "p" ? 12 : 0)
      minute = p[2] ~ /^[0-9][0-9]$/ ? p[2] : 0
      split(here, h, " ")
      later = (hour - h[4]) * 3600 + (minute - h[5]) * 60 - h[6]
      if (match(text, /(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* [0-9]+/)) {
        date = substr(text, RSTART, RLENGTH)
        month = (index("janfebmaraprmayjunjulaugsepoctnovdec", substr(date, 1, 3)) + 2) / 3
        sub(/[a-z]* /, "", date)
        year = h[1] + (month < h[2] ? 1 : 0)
        later += (days(year, month, date) - days(h[1], h[2], h[3])) * 86400
      } else if (later <= 0) later += 86400
      print now + later
      exit
    }' 2>/dev/null)
  case $ends in '' | *[!0-9]* | ???????????*) ends=0 ;; esac
  # More than ten days ahead is no limit that anybody has, and long ago is none that was just met.
  # A second try right after the first would be one of many.
  oldest=$((now - 3600))
  [ -z "${tried-}" ] || oldest=$((now + 1))
  tried=yes
  if [ "$ends" -lt "$oldest" ] || [ "$ends" -gt $((now + 864000)) ]; then
    ends=$((now + ${turn_pause:-300}))
  fi
}

# The process beside the sandbox that the box asks for, called $1: it has a pipe for stdin that
# only this shell holds, says `ready`, and ends with this shell.
start_helper() {
  command -v box_helper >/dev/null || return 0
  rm -f "$1.in" "$1.out"
  mkfifo "$1.in" "$1.out" || return 1
  exec 7<>"$1.in"
  (box_helper "$1") <"$1.in" >"$1.out" 2>"$1.words" 5<&- 7>&- 8>&- &
  exec 6<"$1.out"
  ready=''
  read -r ready <&6 || :
  rm -f "$1.in" "$1.out"
  [ "$ready" = ready ] && return 0
  echo "cco: the network helper did not start" >&2
  cat "$1.words" >&2
  return 1
}

# Run a program of the guest with a helper of its own.
beside() {
  # shellcheck source=/dev/null
  . ./box.sh
  start_helper "$what" || exit 1
  ("$@") 6<&- 7>&- 8>&-
  code=$?
  exec 7>&-
  rm -f "$what.words"
  exit "$code"
}

# The box's step after the end and after each turn, without the terminal; of its words, the first
# are kept.
run_after() {
  command -v box_after >/dev/null || return 0
  [ -f up ] || [ -f paused ] || return 0
  (box_after) </dev/null 2>&1 5<&- 6<&- 7>&- 8>&- |
    { head -c 65536 && cat >/dev/null; } >after.log 5<&- 6<&- 7>&- 8>&-
}

# Beside the supervisor, reading what the terminal prints: keeps the log, and does what is left to
# do when the supervisor is gone, however it went. (tmux with libutempter loses one pane's end in
# twenty, so its `pane-died` alone would not do.)
watch() {
  process $$
  printf '%s %s\n' $$ "$p_start" >watcher
  exec 5<&0
  (ulimit -f $((LOG_BYTES / 512)) && exec cat <&5 >>log) &
  exec 5<&-
  read -r _ <alive
  finish
  wait
  : >log.done
}

# The supervisor is gone: save the screen once all of it was read, end the server.
finish() {
  mkdir finishing 2>/dev/null || return 0
  boot_id
  state_of .
  reap
  [ "$reason" = not-started ] || record killed -
  # Of a supervisor that was killed: what it left listening and sleeping.
  : >over
  wake_sleeper
  echo 1<>turn
  turns=0
  while [ "$turns" -lt 200 ]; do
    dead=$(session_tmux display-message -p -t =agent: '#{pane_dead}' 2>/dev/null) || break
    [ "$dead" = 1 ] && break
    turns=$((turns + 1))
    sleep 0.01 2>/dev/null || sleep 1
  done
  settle
  session_tmux capture-pane -p -e -t =agent: >screen.tmp 2>/dev/null && mv screen.tmp screen
  session_tmux kill-server 2>/dev/null
}

log_size() {
  size=$(wc -c <log)
}

# Until the log is whole: its writer said so, or it stopped growing.
settle() {
  turns=0
  log_size
  while [ ! -f log.done ] && [ "$turns" -lt 100 ]; do
    before=$size
    sleep 0.02 2>/dev/null || sleep 1
    log_size
    [ "$size" = "$before" ] && break
    turns=$((turns + 1))
  done
}

# ---- what people and the library call --------------------------------------------------------

view() {
  boot_id
  state_of .
  [ "$kind" = idle ] && fail "session $id was not started"
  await up
  if [ ! -t 0 ] && [ "$kind" = running ]; then return 0; fi
  if [ -S tty ] && [ -z "$far" ]; then
    session_tmux attach-session -t =agent 2>"viewer.$$"
    words=$(cat "viewer.$$")
    rm -f "viewer.$$"
    state_of .
    if [ "$kind" = running ]; then
      [ -z "$words" ] || fail "$words"
      echo "cco: session $id goes on"
      return 0
    fi
  fi
  [ "$mode" = attach ] && exit 10
  show_end
}

# The last screen as it looked, without the empty lines around it, which would push it out of a
# smaller window; and how it ended.
show_end() {
  reap
  [ ! -f screen ] ||
    sed -e '/[^[:space:]]/,$!d' screen |
    sed -e ':a' -e '/^[[:space:]]*$/{' -e '$d' -e 'N' -e 'ba' -e '}'
  printf '\033[0m'
  case $reason in
    exit) echo "cco: session $id ended with exit code $code" ;;
    not-started) fail "session $id did not start" ;;
    host-restart) echo "cco: session $id ended: its machine was restarted" ;;
    *) echo "cco: session $id ended: $reason" ;;
  esac
}

# Bytes of the log from $1 on; with --follow, on to the end.
print_log() {
  [ -f log ] || return 0
  if [ "$1" != --follow ]; then
    tail -c "+$(($1 + 1))" log
    return
  fi
  boot_id
  tail='' waiting=''
  # Before they are there: the newest may not have its name yet.
  trap 'kill $tail $waiting "$!" 2>/dev/null; exit 143' HUP INT TERM PIPE
  (await end) >/dev/null &
  waiting=$!
  tail -c +1 -f log &
  tail=$!
  wait "$waiting"
  settle
  kill "$tail" 2>/dev/null
}

running() {
  boot_id
  state_of .
  [ "$kind" = running ]
}

# Leave copy mode first: there, keys are commands.
send() {
  running || exit 3
  session_tmux load-buffer -b "cco$$" - ';' \
    if-shell -F -t =agent: '#{pane_in_mode}' 'send-keys -t =agent: -X cancel' || return
  before=$(capture </dev/null)
  session_tmux paste-buffer -p -d -b "cco$$" -t =agent: </dev/null || return
  until_shown
  session_tmux send-keys -t =agent: Enter </dev/null
}

# Until a paste is on the screen, or is not going to be. A program that reads an Enter together
# with a paste, or a moment after it, takes it for a part of the paste.
until_shown() {
  turns=0
  while [ "$turns" -lt 60 ] && [ "$(capture </dev/null)" = "$before" ]; do
    turns=$((turns + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
  sleep 0.2 2>/dev/null || sleep 1
}

capture() {
  if [ -S tty ] && session_tmux capture-pane -p -t =agent: 2>/dev/null; then return; fi
  [ ! -f screen ] || cat screen
}

# TERM to the agent: the foreground group of its terminal, while that is not the supervisor's. It is
# not gone on with.
term() {
  running || return 0
  : >stopped
  wake_sleeper
  await up
  [ "$kind" = running ] && process "$owner" || return 0
  case $p_tpgid in '' | *[!0-9]* | 0 | 1 | "$owner") return 0 ;; esac
  kill -TERM "-$p_tpgid" 2>/dev/null || :
}

# KILL to everything in the sandbox; the supervisor records the end.
kill_agent() {
  running || return 0
  if [ "$child" != - ]; then reap; else kill -KILL "$owner" 2>/dev/null; fi
}

# Everything of the session, whatever it does just now.
end_all() {
  boot_id
  state_of .
  # Nobody else finishes it now, and writes here when it is over.
  mkdir finishing 2>/dev/null
  # A launch that is under way would bring up what nobody could find any more.
  turns=0
  while [ "$kind" = running ] && [ "$turns" -lt 250 ]; do
    [ "$owner" = - ] || [ ! -s watcher ] || break
    turns=$((turns + 1))
    sleep 0.02 2>/dev/null || sleep 1
    state_of .
  done
  [ "$child" != - ] || ! [ -f status ] || read_status
  : >stopped
  : >over
  wake_sleeper
  [ ! -p turn ] || echo 1<>turn
  reap
  session_tmux kill-server 2>/dev/null
  for file in pid watcher; do
    if ! [ -f "$file" ] || ! read -r owner owner_start <"$file"; then continue; fi
    while alive "$owner" "$owner_start"; do
      kill -KILL "$owner" 2>/dev/null
      sleep 0.01 2>/dev/null || sleep 1
    done
  done
  reap
}

far=''
if [ "${1-}" = --far ]; then
  far=$2
  shift 2
fi
mode=show
case ${1-} in
  --state)
    shift 2
    print_states "$@"
    exit
    ;;
  --*)
    mode=${1#--}
    shift
    ;;
esac
cd -- "${0%/*}" || exit
case $mode in
  await | log | beside) what=$1 && shift ;;
esac
id=$1
shift

case $mode in
  show)
    terminal_size
    start "$@"
    view
    ;;
  detach)
    terminal_size
    start "$@"
    boot_id
    await up
    print_states "$PWD"
    ;;
  view) view ;;
  attach)
    begun
    view
    ;;
  order) order "$@" ;;
  await)
    boot_id
    # Whoever launches it may not have come to it yet.
    [ "$what" != up ] || begun
    await "$what"
    [ "$what" != kept ] || kept
    print_states "$PWD"
    ;;
  log) print_log "$what" ;;
  beside) beside "$@" ;;
  capture) capture ;;
  send) send ;;
  term) term ;;
  kill) kill_agent ;;
  end) end_all ;;
  supervise)
    # shellcheck disable=SC2119
    supervise
    ;;
  watch) watch ;;
  finish) finish ;;
  *) fail "no such mode: $mode" ;;
esac
