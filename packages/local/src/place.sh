# What a place has: `sh -c <this> place DATA_DIR|- PROGRAM…` prints a fact a line, its fields
# separated by tabs. Nothing is changed.
set -u
export LC_ALL=C
tab=$(printf '\t')
newline='
'

# A path that could not be told apart from the next field is as good as absent.
plain() {
  case $1 in '' | *"$tab"* | *"$newline"*) return 1 ;; esac
}

fact() {
  for field in "$@"; do plain "$field" || return 0; done
  [ $# -eq 2 ] && printf '%s\t%s\n' "$1" "$2" && return 0
  printf '%s\t%s\t%s\n' "$1" "$2" "$3"
}

# The executable that $1 (a name or a path) starts, in $found.
find_program() {
  found=''
  case $1 in
    /*) [ -f "$1" ] && [ -x "$1" ] && found=$1 ;;
    */* | '') ;;
    *)
      rest=$PATH:
      while [ -n "$rest" ]; do
        folder=${rest%%:*} rest=${rest#*:}
        case $folder in /*) ;; *) continue ;; esac
        if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then found=$folder/$1 && break; fi
      done
      ;;
  esac
  plain "$found"
}

# Is $1 in a folder that every guest sees anyway?
is_system() {
  case $1 in
    /usr/* | /bin/* | /sbin/* | /lib/* | /lib32/* | /lib64/* | /nix/store/*) ;;
    *) return 1 ;;
  esac
}

# May folder $1 be shown? Never one that holds the home or cco's own data, or lies in the data.
is_showable() {
  case $1 in '' | / | */) return 1 ;; esac
  for private in "$home" "$data"; do
    case $private/ in "$1"/*) return 1 ;; esac
  done
  case $1/ in "$data"/*) return 1 ;; esac
  # Directly under / or in a folder of homes, a folder is not a program's own.
  case $1 in /home/*/*) ;; /home/* | /root | /Users/*) case $1 in /Users/*/*) ;; *) return 1 ;; esac ;; esac
}

# What must be visible for the file $1 to run: its package, else itself.
show_file() {
  is_system "$1" && return 0
  case $1 in
    */node_modules/*)
      modules=${1%%/node_modules/*}/node_modules
      if [ -f "${modules%/*}/package.json" ] || [ -f "$modules/.package-lock.json" ]; then
        # A project, an npx cache or a folder of `npm install --prefix`: dependencies lie side by side
        # in there, where a global installation has them inside the package.
        is_showable "$modules" && fact bind "$modules" && return 0
      fi
      inner=${1#"$modules"/}
      case $inner in
        @*/*) package=${inner#*/} package=${inner%%/*}/${package%%/*} ;;
        *) package=${inner%%/*} ;;
      esac
      is_showable "$modules/$package" && fact bind "$modules/$package" && return 0
      ;;
    *)
      if is_script "$1"; then
        folder=${1%/*}
        while [ -n "$folder" ]; do
          if [ -f "$folder/package.json" ]; then
            is_showable "$folder" && fact bind "$folder" && return 0
            break
          fi
          folder=${folder%/*}
        done
      fi
      ;;
  esac
  fact bind "$1"
}

is_script() {
  first=$(head -c 2 <"$1" 2>/dev/null | tr -d '\000')
  [ "$first" = '#!' ]
}

# Python finds its library beside itself or its environment's mark: the folder above `bin`.
show_prefix() {
  prefix=${1%/*/*}
  is_system "$prefix/x" && return 0
  [ -e "$prefix/pyvenv.cfg" ] || ls -d "$prefix"/lib/python3* >/dev/null 2>&1 || return 0
  is_showable "$prefix" && fact bind "$prefix"
}

# Show program $1 under its name; $2 how deep in a chain of interpreters.
show_program() {
  find_program "$1" || return 1
  real=$(readlink -f -- "$found") && plain "$real" || return 1
  case $1 in
    /*) is_system "$found" || [ "$real" = "$found" ] || fact alias "$found" "$real" ;;
  esac
  [ -n "${3-}" ] || fact program "${1##*/}" "$real"
  show_file "$real"
  case ${real##*/} in python*) show_prefix "$found" && show_prefix "$real" ;; esac
  [ "$2" -lt 4 ] && is_script "$real" || return 0
  show_interpreter "$real" "$(($2 + 1))"
}

# The program of the `#!` line of file $1.
show_interpreter() {
  line=$(head -n 1 <"$1" | tr -d '\r\000')
  depth=$2
  line=${line#'#!'}
  set -f
  # shellcheck disable=SC2086
  set -- $line
  set +f
  [ $# -gt 0 ] || return 0
  case $1 in
    */env)
      shift
      while [ $# -gt 0 ]; do
        case $1 in -* | *=*) shift ;; *) break ;; esac
      done
      [ $# -eq 0 ] || show_program "$1" "$depth" || fact missing "$1"
      ;;
    *)
      # Named by its path: visible there, not on PATH.
      show_program "$1" "$depth" path || fact missing "$1"
      ;;
  esac
}

data=$1
shift
home=${HOME:-}
# Without a usable HOME, what the system has for the user.
case $home in /*) ;; *) eval "home=~$(id -un 2>/dev/null)" ;; esac
case $home in /*) ;; *) home=/ ;; esac
if [ "$data" = - ]; then
  case ${XDG_DATA_HOME:-} in /*) data=$XDG_DATA_HOME/cco ;; *) data=$home/.local/share/cco ;; esac
fi
fact data "$data"
fact uid "$(id -u)"
for tool in bwrap tmux git tar node; do
  find_program "$tool" || continue
  fact tool "$tool" "$found"
  # Every guest has these two; elsewhere than in a system folder they must be shown.
  case $tool in git | tar) is_system "$found" || show_program "$tool" 0 ;; esac
done
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then
    fact link "/$folder" "$(readlink "/$folder")"
  elif [ -d "/$folder" ]; then
    fact folder "/$folder"
  fi
done
# Root's own writes to these are not stopped by taking its capabilities away.
for name in sys sysrq-trigger irq bus fs mtrr acpi scsi; do
  [ ! -e "/proc/$name" ] || fact readonly "/proc/$name"
done
for name in kcore keys kmsg latency_stats timer_list timer_stats sched_debug; do
  [ ! -f "/proc/$name" ] || fact masked "/proc/$name"
done
for program in "$@"; do
  show_program "$program" 0 || fact missing "$program"
done
