# shellcheck shell=sh
# Sourced by demo.sh and test.sh: the system packages and the workspace they need.
#
#   root=<repository> ; . "$root/scripts/setup.sh" ; setup tmux bwrap …
#
# Asks nothing. Installs a missing package where apt-get and the right to use it are there, else
# says exactly what to install and ends with 1. Writes nothing outside the repository but the
# system packages and the package manager's own caches.

PNPM_VERSION=10.34.8

say() { printf '\n==> %s\n' "$*"; }

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# setup <program>…: everything up to a built workspace.
setup() {
  : "${root:?}"
  own_home
  need_node
  need_programs "$@"
  need_pnpm
  say "Installing the libraries"
  (cd "$root" && pnpm install --frozen-lockfile --config.confirmModulesPurge=false </dev/null)
}

# A home that cannot be written must not stop npm and pnpm: they get one in the cache, and still
# read the person's settings.
own_home() {
  mkdir -p "$root/.cache"
  if [ -n "${HOME:-}" ] && mkdir -p "$HOME" 2>/dev/null && [ -w "$HOME" ]; then return; fi
  if [ -r "${HOME:-}/.npmrc" ]; then export NPM_CONFIG_USERCONFIG="$HOME/.npmrc"; fi
  HOME="$root/.cache/home"
  export HOME
  mkdir -p "$HOME"
}

need_node() {
  command -v node >/dev/null || fail "node is missing: install Node.js 20.19 or newer (https://nodejs.org)"
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
  ' || fail "node $(node --version) is too old: install Node.js 20.19 or newer (https://nodejs.org)"
}

need_programs() {
  missing=
  # Daemons lie where only root looks.
  PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
  export PATH
  for program; do
    command -v "$program" >/dev/null || missing="$missing $(package_of "$program")"
  done
  if [ -z "$missing" ]; then return; fi

  as_root=
  if [ "$(id -u)" -ne 0 ]; then as_root='sudo -n'; fi
  if ! command -v apt-get >/dev/null || ! $as_root true 2>/dev/null; then
    fail "these packages are missing:$missing" "  Debian, Ubuntu: sudo apt-get install$missing" \
      "  elsewhere: the packages of the same names, then run this again"
  fi
  say "Installing system packages:$missing"
  # shellcheck disable=SC2086 # lists of words
  {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
      install -y --no-install-recommends $missing </dev/null >/dev/null
  }
  for program; do
    command -v "$program" >/dev/null || fail "$program is still missing: install $(package_of "$program")"
  done
}

package_of() {
  case $1 in
    bsd-csh) echo csh ;;
    bwrap) echo bubblewrap ;;
    ssh) echo openssh-client ;;
    sshd) echo openssh-server ;;
    *) echo "$1" ;;
  esac
}

# The pinned pnpm: the one on PATH, or a copy in the repository's cache.
need_pnpm() {
  PATH="$root/.cache/pnpm/node_modules/.bin:$PATH"
  export PATH
  if [ "$(cd "$root" && pnpm --version 2>/dev/null)" = "$PNPM_VERSION" ]; then return; fi
  say "Installing pnpm $PNPM_VERSION into .cache"
  npm install --prefix "$root/.cache/pnpm" --no-save --no-audit --no-fund --loglevel=error \
    "pnpm@$PNPM_VERSION" </dev/null
}

# The real Claude Code that the tests drive: each version of test/model/claude-versions in a folder
# of its own in the repository's cache. Its binary comes with the npm package.
need_claude() {
  while read -r version; do
    folder=$root/.cache/claude-$version
    if "$folder/node_modules/.bin/claude" --version >/dev/null 2>&1; then continue; fi
    say "Installing Claude Code $version into .cache"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error \
      "@anthropic-ai/claude-code@$version" </dev/null
  done <"$root/test/model/claude-versions"
}

# The other agents that tests drive: each line of test/model/agent-packages in a folder of its own in
# the repository's cache. npm takes this platform's binaries only. `agents` is how many there are then.
need_agents() {
  agents=0
  while read -r program package version; do
    folder=$root/.cache/$program-$version
    if ! "$folder/node_modules/.bin/$program" --version >/dev/null 2>&1; then
      say "Installing $package $version into .cache"
      npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error \
        "$package@$version" </dev/null || say "$package $version could not be installed: not tested"
    fi
    if [ -x "$folder/node_modules/.bin/$program" ]; then agents=$((agents + 1)); fi
  done <"$root/test/model/agent-packages"
}
