/**
 * What `LocalBackend` does with folders in the place, as `sh -c <script> launch ARGS`. Trees that
 * a guest wrote are touched only by `rm` and `chmod -R`, which follow no links in them.
 */

const DATA = `
umask 077
export LC_ALL=C
data=$1
home=\${HOME:-}
case $home in /*) ;; *) eval "home=~$(id -un 2>/dev/null)" ;; esac
case $home in /*) ;; *) home=/ ;; esac
if [ "$data" = - ]; then
  case \${XDG_DATA_HOME:-} in /*) data=$XDG_DATA_HOME/cco ;; *) data=$home/.local/share/cco ;; esac
fi
`;

/** DATA ID: the guest's record, nothing where there is no guest. */
export const READ = `${DATA}
[ ! -f "$data/guests/$2/ctl/guest.json" ] || exec cat -- "$data/guests/$2/ctl/guest.json"`;

/** What {@link CREATE} prints where the place does not have the network helper yet. */
export const NO_HELPER = "no-helper";

/**
 * DATA ID RECORD HELPER|- TARGET [PATH TEXT]… -- [NAME TEXT]…: the network helper put where the
 * guest looks for it, shared files by path, then those of the control folder. A guest whose agent was started keeps what it has. The record comes last: with it the
 * guest is whole.
 */
export const CREATE = `${DATA}
guest=$data/guests/$2
ctl=$guest/ctl
made=$ctl/new.$$
record=$3
helper=$data/local/$4
target=$5
[ "$4" != - ] || helper=
shift 5
new=yes
[ ! -f "$ctl/guest.json" ] || new=no
mkdir -p -- "$data/local/etc-1" "$ctl/waiters" "$guest/workspace" "$guest/exchange" \\
  "$guest/home" "$made" || exit 1
while [ "$1" != -- ]; do
  [ -f "$1" ] || { printf %s "$2" >"$made/shared" && mv -f -- "$made/shared" "$1"; } || exit 1
  shift 2
done
shift
[ ! -f "$ctl/started" ] || { rmdir -- "$made"; exit 0; }
if [ -n "$helper" ]; then
  mkdir -p -- "\${target%/*}" || exit 1
  if [ -f "$helper" ]; then cp -- "$helper" "$target" || exit 1; else echo ${NO_HELPER}; fi
fi
while [ $# -gt 0 ]; do
  printf %s "$2" >"$made/$1" || exit 1
  shift 2
done
if [ "$new" = yes ] && [ -d "$data/local/home" ]; then
  cp -R -- "$data/local/home/." "$guest/home/" || exit 1
fi
printf %s "$record" >"$made/guest.json" &&
  mv -f -- "$made/box.sh" "$made/launch" "$made/guest.json" "$ctl/" && rmdir -- "$made"`;

/** DATA HELPER TARGET: stdin becomes the network helper of this and later guests. */
export const HELPER = `${DATA}
file=$data/local/$2
cat >"$file.$$" && mv -f -- "$file.$$" "$file" && cp -- "$file" "$3"`;

/** DATA LAUNCH [ID]: the state of every guest, or of one, one a line. */
export const LIST = `${DATA}
[ -d "$data/guests" ] || exit 0
launch=$2 one=\${3:-*}
set --
for ctl in "$data"/guests/$one/ctl; do set -- "$@" "$ctl"; done
exec sh -c "$launch" launch --state all "$@"`;

/**
 * DATA ID: end everything of the guest, remove its folder. It is out of sight first; what a call
 * that was interrupted left there goes too. Programs run by other processes are found by what they
 * have mounted; a bwrap that was interrupted before it had mounted anything, which goes on without
 * its parent, by its arguments (measured with bubblewrap 0.8).
 */
export const CLOSE = `${DATA}
guest=$data/guests/$2
if [ -d "$guest" ]; then
  if [ -f "$guest/ctl/started" ]; then
    sh "$guest/ctl/launch" --end "$2" || exit 1
  fi
  for line in $(grep -lsF -- "/workspace/$2" /proc/[0-9]*/cmdline); do
    process=\${line%/cmdline}
    case $(tr '\\000' ' ' <"$line") in
      *"bwrap "*" --bind $guest/workspace /workspace/$2 "*) kill -KILL "\${process#/proc/}" ;;
    esac
  done 2>/dev/null
  for mounts in $(grep -lsF -- " /workspace/$2 " /proc/[0-9]*/mountinfo); do
    process=\${mounts%/mountinfo}
    [ "$process/root/workspace/$2" -ef "$guest/workspace" ] && kill -KILL "\${process#/proc/}"
  done 2>/dev/null
  mv -- "$guest" "$data/guests/.$2.$$" || exit 1
fi
for gone in "$data/guests/.$2".*; do
  [ -d "$gone" ] || continue
  rm -rf -- "$gone" 2>/dev/null && continue
  chmod -R u+rwX -- "$gone" 2>/dev/null
  rm -rf -- "$gone" || exit 1
done`;

/**
 * A name on stdin: KILL to every bwrap that has it among its arguments, as one that is interrupted
 * early goes on without its parent (see {@link CLOSE}). Its programs end with it.
 */
export const END_EXEC = `read -r name || exit
while :; do
  left=
  for line in $(printf '%s\\n' "$name" | grep -lsF -f - /proc/[0-9]*/cmdline); do
    process=\${line%/cmdline}
    case $(tr '\\000' ' ' <"$line") in
      *"bwrap "*"CCO_EXEC $name "*) kill -KILL "\${process#/proc/}" && left=yes ;;
    esac
  done 2>/dev/null
  [ -n "$left" ] || exit 0
  sleep 0.02
done`;

/** DATA: what is left when all guests are gone. */
export const DESTROY = `${DATA}
rm -rf -- "$data/local" && { [ ! -d "$data/guests" ] || rm -rf -- "$data/guests"; }`;

/** DATA PATH MODE: stdin becomes a file of every new guest's home. */
export const PROVISION = `${DATA}
file=$data/local/home/$2
mkdir -p -- "\${file%/*}" && cat >"$file.$$" && chmod "$3" "$file.$$" && mv -f -- "$file.$$" "$file"`;
