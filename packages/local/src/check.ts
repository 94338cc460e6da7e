import type { BackendCheck } from "@cco/backend";
import type { CommandRunner } from "@cco/exec";

/** `bwrap --version` first: what it prints is parsed. A line `name<tab>words` for each. */
const PROBE = `
export LC_ALL=C
for tool in bwrap tmux git tar node; do
  command -v "$tool" >/dev/null 2>&1 || continue
  case $tool in tmux) words=$(tmux -V 2>&1) ;; *) words=$("$tool" --version 2>&1) ;; esac
  printf '%s\\t%s\\n' "$tool" "$words" | head -n 1
done
if words=$(bwrap --unshare-all --unshare-user --ro-bind / / true 2>&1); then words=ok; fi
printf 'namespaces\\t%s\\n' "$words" | head -n 1
for manager in apt-get dnf pacman zypper apk; do
  command -v "$manager" >/dev/null 2>&1 && printf 'manager\\t%s\\n' "$manager" && break
done
[ ! -r /proc/sys/kernel/apparmor_restrict_unprivileged_userns ] ||
  printf 'apparmor\\t%s\\n' "$(cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns)"
[ ! -r /proc/sys/kernel/unprivileged_userns_clone ] ||
  printf 'clone\\t%s\\n' "$(cat /proc/sys/kernel/unprivileged_userns_clone)"
uname -s | sed 's/^/system\t/'`;

const INSTALL: Readonly<Record<string, string>> = {
  "apt-get": "sudo apt-get install",
  dnf: "sudo dnf install",
  pacman: "sudo pacman -S",
  zypper: "sudo zypper install",
  apk: "sudo apk add",
};

interface Need {
  readonly tool: string;
  readonly name: string;
  readonly packageName: string;
  readonly minimum: readonly [number, number] | null;
}

const NEEDS: readonly Need[] = [
  { tool: "bwrap", name: "bubblewrap", packageName: "bubblewrap", minimum: [0, 5] },
  { tool: "tmux", name: "tmux", packageName: "tmux", minimum: [3, 2] },
  { tool: "git", name: "git", packageName: "git", minimum: [2, 38] },
  { tool: "tar", name: "tar", packageName: "tar", minimum: null },
];

/** What the local box needs in the place, piece by piece. */
export async function checkPlace(runner: CommandRunner): Promise<readonly BackendCheck[]> {
  const result = await runner.run(["sh", "-c", PROBE, "check"]);
  return parseChecks(result.stdout.toString("utf8"));
}

/** What the probe printed, judged. */
export function parseChecks(stdout: string): readonly BackendCheck[] {
  const facts = new Map(
    stdout
      .split("\n")
      .filter((line) => line.includes("\t"))
      .map((line) => {
        const tab = line.indexOf("\t");
        return [line.slice(0, tab), line.slice(tab + 1).trim()] as const;
      }),
  );
  const system = facts.get("system") ?? "";
  if (system !== "Linux") {
    const detail = `bubblewrap needs Linux, this is ${system === "" ? "unknown" : system}`;
    return [{ name: "bubblewrap", ok: false, detail, fix: "cco box create --backend lima" }];
  }
  return [...NEEDS.map((need) => checkTool(need, facts)), checkNamespaces(facts), checkNode(facts)];
}

function checkTool(need: Need, facts: ReadonlyMap<string, string>): BackendCheck {
  const { name, tool, minimum } = need;
  const words = facts.get(tool);
  const fix = installCommand(need.packageName, facts);
  if (words === undefined) return { name, ok: false, detail: "not found", fix };
  if (minimum === null) return { name, ok: true, detail: words };
  const found = /(\d+)\.(\d+)[\w.]*/.exec(words);
  const version = found?.[0] ?? words;
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  const ok = major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
  if (ok) return { name, ok, detail: version };
  return { name, ok, detail: `${version} is older than ${minimum.join(".")}`, fix };
}

function installCommand(packageName: string, facts: ReadonlyMap<string, string>): string {
  const install = INSTALL[facts.get("manager") ?? ""];
  return install === undefined ? `install ${packageName}` : `${install} ${packageName}`;
}

function checkNamespaces(facts: ReadonlyMap<string, string>): BackendCheck {
  const name = "user namespaces";
  const words = facts.get("namespaces") ?? "";
  if (words === "ok") return { name, ok: true, detail: "usable" };
  if (!facts.has("bwrap")) {
    const fix = installCommand("bubblewrap", facts);
    return { name, ok: false, detail: "not tried without bubblewrap", fix };
  }
  return { name, ok: false, detail: words, fix: namespacesFix(facts) };
}

/** Ubuntu 24.04 forbids them to programs without an AppArmor profile; older Debian to all. */
function namespacesFix(facts: ReadonlyMap<string, string>): string {
  if (facts.get("apparmor") === "1") {
    return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (facts.get("clone") === "0") return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
  return "sudo sysctl -w user.max_user_namespaces=15000";
}

/** Only the network policies `allowlist` and `open` need it. */
function checkNode(facts: ReadonlyMap<string, string>): BackendCheck {
  const words = facts.get("node");
  const detail = words ?? "not found: only the network policy none is possible";
  return { name: "node", ok: true, detail };
}
