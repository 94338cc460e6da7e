#!/bin/sh
# A strict stand-in for limactl: no VM, but a place that is as separate as one to whoever looks:
# root, home, processes and boot id of its own (bubblewrap), and guest commands that really run.
# Needs root. What it does not know, it refuses. Behaves as the version in $EMULATED_LIMA does
# (1.2.3, 2.0.3, 2.2.0; default 2.2.0), bad habits too. A comment in the template asks for trouble:
#
#   # emulator: create-fails       a create that leaves a stopped instance behind
#   # emulator: degraded           a start that exits 1 with the instance running
#   # emulator: silent N           the first N shells after a start do not reach ssh
#   # emulator: start-hangs        a start that never comes to its end
set -u
unset CDPATH
version=${EMULATED_LIMA:-2.2.0}
home=${LIMA_HOME:?}

log() { printf 'time="2026-01-02T03:04:05Z" level=%s msg="%s"\n' "$1" "$2" >&2; }
fatal() {
  log fatal "$1"
  exit 1
}
quoted() {
  # shellcheck disable=SC2016 # as limactl prints it
  case $version in 1.* | 2.0.*) printf '\\"%s\\"' "$1" ;; *) printf '`%s`' "$1" ;; esac
}
alive() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# Status of instance $1: as limactl finds it, by who is alive.
status_of() {
  dir=$home/$1
  if [ ! -f "$dir/lima.yaml" ]; then
    status=Broken
  elif alive "$dir/vm.pid"; then
    if alive "$dir/ha.pid"; then status=Running; else status=Broken; fi
  else
    status=Stopped
  fi
}

exists() { [ -d "$home/$1" ]; }
asks_for() { grep -q "^# emulator: $1" "$home/$name/lima.yaml"; }
no_terminal() { [ "$tty" = false ] || fatal "the emulator has no terminal: --tty=false is missing"; }

# ---- questions ------------------------------------------------------------------------------

print_info() {
  printf '{\n    "version": "%s",\n    "templates": [],\n    "limaHome": "%s",\n    "vmTypes": ["qemu"]\n}\n' "$version" "$home"
}

print_list() {
  names=$1
  found=0
  if [ -z "$names" ]; then
    for dir in "$home"/*/; do
      [ -d "$dir" ] && names="$names $(basename "$dir")"
    done
    [ -n "$names" ] || log warning "No instance found. Run \`limactl create\` to create an instance."
  elif ! exists "$names"; then
    log warning "No instance matching $names found."
    names='' found=1
  fi
  for name in $names; do
    if [ "$format" = quiet ]; then
      echo "$name"
      continue
    fi
    status_of "$name"
    if [ -f "$dir/lima.yaml" ]; then
      print_row
      continue
    fi
    case $version in
      2.2.*) print_odd_row ;;
      *) fatal "unable to load instance $name: open $dir/lima.yaml: no such file or directory" ;;
    esac
  done
  [ "$found" = 0 ] || fatal "unmatched instances"
}

print_row() {
  case $version in 2.2.*) written=v$version ;; *) written=$version ;; esac
  case $version in 1.*) cpu='"cpuType":{"x86_64":"host"},' ;; *) cpu='' ;; esac
  printf '{"name":"%s","hostname":"lima-%s","status":"%s","dir":"%s","vmType":"qemu","arch":"x86_64",%s"cpus":2,"memory":1073741824,"disk":4294967296,"sshConfigFile":"%s/ssh.config","config":{},"sshAddress":"127.0.0.1","protected":false,"limaVersion":"%s"}\n' \
    "$name" "$name" "$status" "$dir" "$cpu" "$dir" "$written"
}

print_odd_row() {
  printf '{"name":"%s","hostname":"","status":"Broken","dir":"%s","vmType":"","arch":"","errors":[{"Op":"open","Path":"%s/lima.yaml","Err":2}],"protected":false,"limaVersion":""}\n' \
    "$name" "$dir" "$dir"
}

# ---- life cycle -----------------------------------------------------------------------------

create() {
  no_terminal
  [ -n "$name" ] || fatal "must pass instance name with --name when reading template from stdin"
  if exists "$name"; then fatal "instance $(quoted "$name") already exists"; fi
  text=$(cat -- "$1" 2>/dev/null) || fatal "open $1: no such file or directory"
  case $text in *images:*) ;; *) fatal "failed to load YAML: field $(quoted images) must be set" ;; esac
  log info "Terminal is not available, proceeding without opening an editor"
  dir=$home/$name
  mkdir -p "$dir/disk/home/lima.guest" "$dir/disk/lib"
  printf '%s\n' "$text" >"$dir/lima.yaml"
  if asks_for create-fails; then fatal "failed to download the image"; fi
  log info "Attempting to download the image"
  log info "Run \`limactl start $name\` to start the instance."
}

start() {
  no_terminal
  if ! exists "$name"; then
    # What nobody wants of it: a VM of its own kind.
    mkdir -p "$home/$name/disk/home/lima.guest" "$home/$name/disk/lib"
    echo "images: default" >"$home/$name/lima.yaml"
  fi
  status_of "$name"
  case $status in
    Running)
      log info "The instance $(quoted "$name") is already running."
      return 0
      ;;
    Broken) fatal "instance $(quoted "$name") is broken, run \`limactl stop --force $name\`" ;;
  esac
  log info "Starting the instance $(quoted "$name") with VM driver $(quoted qemu)"
  if asks_for start-hangs; then
    log info "[hostagent] Waiting for the essential requirement 1 of 3: \\\"ssh\\\""
    exec sleep 600
  fi
  boot
  sed -n 's/^# emulator: silent //p' "$dir/lima.yaml" >"$dir/silent"
  log info "[hostagent] Waiting for the essential requirement 1 of 3: \\\"ssh\\\""
  if asks_for degraded; then fatal "degraded, status={Running:true Degraded:true}"; fi
  log info "READY. Run \`limactl shell $name\` to open the shell."
}

boot() {
  kill_all
  rm -rf "$dir/shells" "$dir/info"
  mkdir "$dir/shells"
  cat /proc/sys/kernel/random/uuid >"$dir/boot_id"
  setsid env -i PATH="$PATH" sleep infinity </dev/null >/dev/null 2>&1 &
  echo $! >"$dir/ha.pid"
  setsid env -i PATH="$PATH" bwrap --unshare-pid --unshare-uts --unshare-ipc \
    --hostname "lima-$name" --ro-bind / / --dev-bind /dev /dev --proc /proc \
    --ro-bind "$dir/boot_id" /proc/sys/kernel/random/boot_id \
    --tmpfs /tmp --tmpfs /run --dir /run/proc --tmpfs /root \
    --bind "$dir/disk/home" /home --bind "$dir/disk/lib" /var/lib --chdir / \
    --info-fd 3 -- sleep infinity 3>"$dir/info" </dev/null >/dev/null 2>"$dir/vm.log" &
  until grep -q child-pid "$dir/info" 2>/dev/null; do
    kill -0 $! 2>/dev/null || fatal "the VM did not start: $(cat "$dir/vm.log")"
    sleep 0.01
  done
  sed -n 's/.*"child-pid": \([0-9]*\).*/\1/p' "$dir/info" >"$dir/vm.pid"
  # Mounts are made after the process is there.
  until inside test -d /run/proc 2>/dev/null; do sleep 0.01; done
  # A second, whole one: else the kernel lets no sandbox inside mount a /proc of its own.
  inside mount -t proc proc /run/proc || fatal "the VM has no /proc"
}

inside() { nsenter -t "$(cat "$dir/vm.pid")" -m -p -u -i -- "$@"; }

kill_all() {
  for process in ha vm; do
    if alive "$dir/$process.pid"; then
      kill -KILL "$(cat "$dir/$process.pid")" 2>/dev/null
      while kill -0 "$(cat "$dir/$process.pid")" 2>/dev/null; do sleep 0.01; done
    fi
    rm -f "$dir/$process.pid"
  done
}

stop() {
  no_terminal
  if ! exists "$name"; then
    case $version in
      2.2.*) fatal "open $home/$name/lima.yaml: no such file or directory" ;;
      *) fatal "instance $(quoted "$name") does not exist" ;;
    esac
  fi
  status_of "$name"
  if [ "$force" = no ] && [ "$status" != Running ]; then
    fatal "expected status $(quoted Running), got $(quoted "$status")"
  fi
  log info "Sending SIGINT to hostagent process"
  kill_all
}

delete() {
  no_terminal
  if ! exists "$name"; then
    log warning "Ignoring non-existent instance $(quoted "$name")"
    return 0
  fi
  status_of "$name"
  if [ "$force" = no ] && [ "$status" = Running ]; then
    fatal "failed to delete instance $(quoted "$name"): expected status Stopped"
  fi
  kill_all
  rm -rf "${home:?}/$name"
  log info "Deleted $(quoted "$name")"
}

# ---- shell ----------------------------------------------------------------------------------

shell() {
  exists "$name" || fatal "instance $(quoted "$name") does not exist, run \`limactl create $name\` to create a new instance"
  status_of "$name"
  if [ "$status" = Stopped ]; then
    case $version in
      1.*)
        echo "? Do you want to start the instance now? (Y/n)" >&2
        read -r answer
        [ "${answer:-n}" = y ] || exit 1
        fatal "the emulator does not start from a shell"
        ;;
      2.0.*) exit 0 ;;
      *) fatal "instance $(quoted "$name") is stopped, run \`limactl start $name\` to start the instance" ;;
    esac
  fi
  alive "$dir/vm.pid" || fatal "instance $(quoted "$name") has no configuration"
  left=$(cat "$dir/silent" 2>/dev/null)
  if [ "${left:-0}" -gt 0 ]; then
    echo $((left - 1)) >"$dir/silent"
    echo "kex_exchange_identification: Connection closed by remote host" >&2
    exit 255
  fi
  crowd
  login_shell "$@"
}

# Ten sessions of one connection; what comes on top has one of its own, and says so.
crowd() {
  open=0
  for file in "$dir"/shells/*; do
    if [ -e "$file" ] && kill -0 "${file##*/}" 2>/dev/null; then open=$((open + 1)); else rm -f "$file"; fi
  done
  : >"$dir/shells/$$"
  if [ "$open" -ge 10 ]; then
    echo "mux_client_request_session: session request failed: Session open refused by peer" >&2
    echo "ControlSocket $dir/ssh.sock already exists, disabling multiplexing" >&2
  fi
}

login_shell() {
  # Leading words of that form are variables.
  case ${1-} in [A-Za-z_]*=*) set -- env "$@" ;; esac
  [ $# -gt 0 ] || set -- sh -l
  session=setsid
  if [ -t 1 ]; then session="env"; fi
  # Without a terminal, a session of its own; the exit of ssh's, not of a shell here.
  # shellcheck disable=SC2016 # for the shell inside
  inside "$session" env -i HOME=/home/lima.guest USER=lima LOGNAME=lima SHELL=/bin/sh \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin ${TERM:+TERM="$TERM"} \
    sh -c 'cd -- "$1" || exit 1; shift; exec "$@"' sh "$workdir" "$@"
  code=$?
  rm -f "$dir/shells/$$"
  # ssh has no number for a program that a signal ended.
  [ "$code" -le 128 ] || code=255
  exit "$code"
}

# ---- the command line -----------------------------------------------------------------------

if [ "${EMULATED_LIMA_ROOT:-allowed}" = refused ]; then
  echo "limactl: must not run as the root user" >&2
  exit 1
fi
command=${1-}
[ $# -eq 0 ] || shift
tty=default name='' force=no format=table workdir=''
case $command in
  --version)
    echo "limactl version $version"
    exit 0
    ;;
  shell)
    while :; do
      case ${1-} in
        --workdir) workdir=$2 && shift 2 ;;
        -*) fatal "unknown flag: $1" ;;
        *) break ;;
      esac
    done
    [ -n "$workdir" ] || fatal "the emulator wants a --workdir"
    name=${1:?} && shift
    if [ "${1-}" = -- ]; then shift; fi
    shell "$@"
    ;;
esac
argument=''
while [ $# -gt 0 ]; do
  case $command:$1 in
    create:--tty=false | start:--tty=false | stop:--tty=false | delete:--tty=false) tty=false ;;
    create:--name=*) name=${1#--name=} ;;
    stop:--force | delete:--force) force=yes ;;
    list:--format) [ "${2-}" = json ] || fatal "the emulator prints json" && format=json && shift ;;
    list:--quiet) format=quiet ;;
    create:-) argument=- ;;
    *:-*) fatal "unknown flag: $1" ;;
    *) [ -z "$argument" ] || fatal "too many arguments" && argument=$1 ;;
  esac
  shift
done
case $command in
  info) print_info ;;
  list) print_list "$argument" ;;
  create) create "$argument" ;;
  start | stop | delete)
    name=${argument:?}
    "$command"
    ;;
  *) fatal "unknown command $(quoted "$command") for $(quoted limactl)" ;;
esac
