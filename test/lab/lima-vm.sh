#!/bin/sh
# A real Lima VM for tests, without hardware acceleration: sh test/lab/lima-vm.sh COMMAND
#
#   up      packages, ordinary user, guest image, a running VM called `lab`; what is there is kept
#   image   the same without a VM: for a test that makes its own
#   env     print the variables (for `eval`) with which limactl, even called by root, means this lab
#   stop    stop it
#   down    remove every VM made here; the image stays
#   clean   remove the lab's folder too
#
# Needs limactl on PATH (or in $LIMACTL), apt-get, root. limactl refuses root, so the VM belongs to
# the user $CCO_LAB_USER (`ccolab`, made if missing), and a small `limactl` in the lab's folder
# changes to that user. Folder: $CCO_LAB_DIR, default /var/tmp/ccolab; a VM's sockets lie in it, so
# its path must be short. The image is Debian as apt knows it here, with this machine's Node in it.
set -eu
PATH=$PATH:/usr/sbin:/sbin

lab=${CCO_LAB_DIR:-/var/tmp/ccolab}
user=${CCO_LAB_USER:-ccolab}
image=$lab/image
template=$lab/lab.yaml
# A stock kernel on any processor that QEMU can imitate; Lima would take KVM where /dev/kvm exists.
qemu="qemu-system-x86_64 -machine q35,vmport=off -accel tcg,thread=multi,tb-size=512 -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt"
host_packages="qemu-system-x86 qemu-utils openssh-client mmdebstrap e2fsprogs kmod util-linux cpio"
guest_packages="systemd-sysv,udev,dbus,openssh-server,sudo,git,tmux,bubblewrap,socat,rsync,procps,kmod,iproute2,netbase,ca-certificates,busybox-static"

say() { echo "lima-vm: $*" >&2; }
fail() {
  say "$@"
  exit 1
}

find_limactl() {
  limactl=${LIMACTL:-}
  rest=$PATH:
  while [ -z "$limactl" ] && [ -n "$rest" ]; do
    folder=${rest%%:*} rest=${rest#*:}
    if [ "$folder" != "$lab/bin" ] && [ -x "$folder/limactl" ]; then limactl=$folder/limactl; fi
  done
  [ -n "$limactl" ] || fail "no limactl: install Lima (https://lima-vm.io) or set LIMACTL"
  limactl=$(readlink -f "$limactl")
}

prepare() {
  [ "$(id -u)" = 0 ] || fail "needs root, to make an image and an ordinary user"
  missing=
  for package in $host_packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    say "installing$missing"
    # shellcheck disable=SC2086 # a list of words
    {
      apt-get -qq -o DPkg::Lock::Timeout=300 update
      DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
        --no-install-recommends $missing >/dev/null
    }
  fi
  id "$user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$user"
  home=$(getent passwd "$user" | cut -d: -f6)
  mkdir -p "$lab/bin"
  install -d -m 700 -o "$user" "$lab/home"
  chown "$user" "$lab"
  cat >"$lab/bin/limactl" <<EOF
#!/bin/sh
# The same process from here to limactl: streams, terminal, signals and exit code are its own.
# Nothing of the caller's environment: a VM and the connection that its shells share outlive a test.
export LIMA_HOME="\${LIMA_HOME:-$lab/home}" QEMU_SYSTEM_X86_64="\${QEMU_SYSTEM_X86_64:-$qemu}"
[ "\$(id -u)" = 0 ] || exec "$limactl" "\$@"
exec setpriv --reuid $user --regid $(id -g "$user") --init-groups \\
  env -i HOME=$home USER=$user LOGNAME=$user PATH="\$PATH" \${TERM:+TERM="\$TERM"} \\
  LIMA_HOME="\$LIMA_HOME" QEMU_SYSTEM_X86_64="\$QEMU_SYSTEM_X86_64" "$limactl" "\$@"
EOF
  chmod 755 "$lab/bin/limactl"
}

lima() { "$lab/bin/limactl" "$@"; }

# ---- image ----------------------------------------------------------------------------------

make_image() {
  key=$(sha256sum <"$0")
  if [ "$(cat "$image/done" 2>/dev/null)" = "$key" ]; then return; fi
  say "making the guest image"
  # Its disk is a copy of the image before.
  if lima list --quiet lab >/dev/null 2>&1; then lima delete --force lab; fi
  rm -rf "$image"
  mkdir -p "$image/deb"
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # apt's own fields
  mirror=$(apt-get indextargets --format '$(CODENAME) $(SITE)' 'Created-By: Packages' |
    awk -v suite="$suite" '$1 == suite { print $2; exit }')
  root=$image/root
  mmdebstrap --quiet --mode=root --variant=minbase --include="$guest_packages" \
    --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' "$suite" "$root" "$mirror"
  add_kernel
  add_system
  make_initrd
  truncate -s 4G "$image/disk.raw"
  mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -d "$root" "$image/disk.raw"
  qemu-img convert -O qcow2 "$image/disk.raw" "$image/base.qcow2"
  rm -rf "$root" "$image/deb" "$image/disk.raw"
  echo "$key" >"$image/done"
}

# The kernel of cloud images, without its package's scripts.
add_kernel() {
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
  (cd "$image/deb" && apt-get -qq -o APT::Sandbox::User=root download "$package")
  dpkg-deb -x "$image"/deb/*.deb "$image/deb/files"
  mv "$image"/deb/files/boot/vmlinuz-* "$image/vmlinuz"
  mkdir -p "$root/usr/lib/modules"
  cp -a "$image"/deb/files/*lib/modules/. "$root/usr/lib/modules/" 2>/dev/null ||
    cp -a "$image"/deb/files/usr/lib/modules/. "$root/usr/lib/modules/"
  kernel=$(ls "$root/usr/lib/modules")
  depmod -b "$root" "$kernel"
}

add_system() {
  echo lab >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  : >"$root/etc/fstab"
  # Set, so that nothing is a first boot.
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  install -m 755 "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
  cat >"$root/usr/local/sbin/lima-boot" <<'EOF'
#!/bin/sh
# In place of cloud-init, from the same disk: the user, its keys and sudo, then Lima's own script.
set -eu
export LIMA_CIDATA_MNT=/mnt/lima-cidata
mkdir -p -m 700 "$LIMA_CIDATA_MNT"
turns=0
until [ -b /dev/sr0 ] || [ "$turns" -ge 300 ]; do
  turns=$((turns + 1))
  sleep 0.1
done
mount -t iso9660 -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/sr0 "$LIMA_CIDATA_MNT"
value() { sed -n "s/^LIMA_CIDATA_$1=//p" "$LIMA_CIDATA_MNT/lima.env"; }
user=$(value USER) home=$(value HOME)
hostname "$(sed -n 's/^local-hostname: *//p' "$LIMA_CIDATA_MNT/meta-data")"
hostname >/etc/hostname
echo "127.0.1.1 $(hostname)" >>/etc/hosts
if ! id "$user" >/dev/null 2>&1; then
  mkdir -p "${home%/*}"
  useradd -m -u "$(value UID)" -d "$home" -s "$(value SHELL)" "$user"
  echo "$user ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/90-lima
  chmod 440 /etc/sudoers.d/90-lima
fi
install -d -m 700 -o "$user" "$home/.ssh"
grep -o 'ssh-[a-z0-9-]* [A-Za-z0-9+/=]*' "$LIMA_CIDATA_MNT/user-data" >"$home/.ssh/authorized_keys"
chown "$user" "$home/.ssh/authorized_keys"
chmod 600 "$home/.ssh/authorized_keys"
systemctl start --no-block ssh.service
exec "$LIMA_CIDATA_MNT/boot.sh"
EOF
  chmod 755 "$root/usr/local/sbin/lima-boot"
  cat >"$root/etc/systemd/system/lima-boot.service" <<'EOF'
[Unit]
After=dbus.socket
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-/usr/local/sbin/lima-boot
[Install]
WantedBy=multi-user.target
EOF
  # Nothing here needs them, and each costs seconds where every instruction is imitated.
  for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer dpkg-db-backup.timer getty@tty1.service serial-getty@ttyS0.service \
    systemd-networkd.service systemd-networkd.socket systemd-network-generator.service \
    systemd-hwdb-update.service systemd-binfmt.service systemd-random-seed.service \
    systemd-update-utmp.service sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount \
    dev-mqueue.mount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  chroot "$root" systemctl -q enable lima-boot
  chroot "$root" systemctl -q disable ssh
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root/etc/resolv.conf"
  # Lima's user network has fixed addresses.
  echo 'nameserver 192.168.5.3' >"$root/etc/resolv.conf"
}

# busybox, the modules that reach the root disk, and the network's address: without one, the host
# agent's first tries to reach ssh are lost, and repeated at growing intervals.
make_initrd() {
  tree=$image/initrd
  mkdir -p "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/root" "$tree/modules"
  cp "$root/bin/busybox" "$tree/bin/busybox"
  modprobe -d "$root" -S "$kernel" --show-depends -a virtio_pci virtio_blk ext4 virtio_net \
    virtio_scsi sr_mod isofs virtio_rng virtio_console 2>/dev/null |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$tree/list"
  while read -r file; do
    name=${file##*/}
    name=${name%%.ko*}.ko
    case $file in *.xz) xz -dc "$file" >"$tree/modules/$name" ;; *) cp "$file" "$tree/modules/$name" ;; esac
    echo "$name" >>"$tree/order"
  done <"$tree/list"
  cat >"$tree/init" <<'EOF'
#!/bin/busybox sh
busybox=/bin/busybox
$busybox mount -t devtmpfs dev /dev
while read -r module; do $busybox insmod "/modules/$module"; done </order
until [ -b /dev/vda ]; do $busybox sleep 0.1; done
$busybox ifconfig lo 127.0.0.1 up
$busybox ifconfig eth0 192.168.5.15 netmask 255.255.255.0 up
$busybox route add default gw 192.168.5.2
$busybox mount -t ext4 -o rw,noatime /dev/vda /root || exec $busybox sh
$busybox mount -o move /dev /root/dev
exec $busybox switch_root /root /sbin/init
EOF
  chmod 755 "$tree/init"
  (cd "$tree" && find . | cpio --quiet -o -H newc) >"$image/initrd.img"
  rm -rf "$tree"
}

write_template() {
  cat >"$template" <<EOF
vmType: qemu
arch: x86_64
images:
- location: "$image/base.qcow2"
  arch: x86_64
  kernel:
    location: "$image/vmlinuz"
    cmdline: "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off audit=0 systemd.gpt_auto=0"
  initrd: {location: "$image/initrd.img"}
cpus: 2
memory: 1GiB
disk: 4GiB
firmware: {legacyBIOS: true}
video: {display: none}
mounts: []
containerd: {system: false, user: false}
hostResolver: {enabled: false}
propagateProxyEnv: false
ssh: {loadDotSSHPubKeys: false, forwardAgent: false}
EOF
  chmod -R a+rX "$image" "$template"
}

# ---- commands -------------------------------------------------------------------------------

print_env() {
  echo "export CCO_LAB_DIR='$lab' CCO_LAB_TEMPLATE='$template' LIMA_HOME='$lab/home'"
  echo "export QEMU_SYSTEM_X86_64='$qemu'"
  echo "export PATH='$lab/bin':\"\$PATH\""
}

boot() {
  status=$(lima list --format '{{.Status}}' lab 2>/dev/null || :)
  case $status in
    Running) return ;;
    '') lima create --tty=false --name=lab "$template" ;;
    Broken) lima stop --force lab ;;
  esac
  lima start --tty=false --timeout 10m lab
}

down() {
  [ -x "$lab/bin/limactl" ] || return 0
  for name in $(lima list --quiet 2>/dev/null || :); do lima delete --force "$name"; done
}

command=${1-}
case $command in
  up | image)
    find_limactl
    prepare
    make_image
    write_template
    [ "$command" = image ] || boot
    ;;
  env) print_env ;;
  stop) if [ -x "$lab/bin/limactl" ]; then lima stop lab; fi ;;
  down) down ;;
  clean)
    down
    rm -rf "$lab"
    ;;
  *) fail "usage: lima-vm.sh up|image|env|stop|down|clean" ;;
esac
