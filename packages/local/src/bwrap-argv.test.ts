import { describe, expect, it } from "vitest";

import { bwrapArgv, type BwrapOptions } from "./bwrap-argv.js";

const options: BwrapOptions = {
  id: "a1",
  guestDir: "/data/guests/a1",
  etcDir: "/data/local/etc-1",
  place: {
    data: "/data",
    uid: 0,
    tools: { bwrap: "/usr/bin/bwrap" },
    root: [
      { path: "/bin", target: "usr/bin" },
      { path: "/lib32", target: null },
    ],
    procReadOnly: ["/proc/sys"],
    procMasked: ["/proc/keys"],
  },
  programs: {
    links: { claude: "/home/me/.nvm/lib/claude/cli.js" },
    aliases: { "/home/me/bin/tool": "/opt/tool/tool", "/opt/tool/alias": "/opt/tool/tool" },
    binds: ["/home/me/.nvm/lib/claude", "/opt/tool"],
  },
};

/** Whether `words` stand together in `argv`. */
function has(argv: readonly string[], ...words: string[]): boolean {
  return argv.some((_, at) => words.every((word, offset) => argv[at + offset] === word));
}

describe("bwrapArgv", () => {
  const argv = bwrapArgv(options);

  it("starts bubblewrap without an environment, in namespaces of its own", () => {
    expect(argv.slice(0, 5)).toEqual([
      ...["env", "-i", "/usr/bin/bwrap", "--unshare-all", "--unshare-user"],
    ]);
    expect(argv).toContain("--die-with-parent");
    expect(argv).toContain("--clearenv");
    expect(argv).not.toContain("--share-net");
  });

  it("binds nothing writable but the guest's own three folders", () => {
    const writable = argv.flatMap((word, at) => (word === "--bind" ? [argv[at + 1]] : []));
    expect(writable).toEqual([
      ...["/data/guests/a1/workspace", "/data/guests/a1/exchange", "/data/guests/a1/home"],
    ]);
    expect(argv.join(" ")).not.toContain("guests/a1/ctl");
    expect(argv.some((word) => word.startsWith("--dev-bind"))).toBe(false);
  });

  it("covers what root could write or read under its own /proc, after mounting it", () => {
    expect(has(argv, "--ro-bind", "/proc/sys", "/proc/sys")).toBe(true);
    expect(has(argv, "--ro-bind", "/dev/null", "/proc/keys")).toBe(true);
    expect(argv.indexOf("/proc/sys")).toBeGreaterThan(argv.indexOf("--proc"));
  });

  it("makes the root like the place's", () => {
    expect(has(argv, "--symlink", "usr/bin", "/bin")).toBe(true);
    expect(has(argv, "--ro-bind", "/lib32", "/lib32")).toBe(true);
    expect(has(argv, "--remount-ro", "/")).toBe(true);
  });

  it("shows programs read-only, after the folders they may lie under", () => {
    expect(has(argv, "--ro-bind", "/opt/tool", "/opt/tool")).toBe(true);
    expect(argv.indexOf("/opt/tool")).toBeGreaterThan(argv.lastIndexOf("--tmpfs"));
    expect(has(argv, "--symlink", "/home/me/.nvm/lib/claude/cli.js", "/opt/cco/bin/claude")).toBe(
      true,
    );
    expect(has(argv, "--symlink", "/opt/tool/tool", "/home/me/bin/tool")).toBe(true);
    expect(argv).not.toContain("/opt/tool/alias");
  });

  it("takes variables and a folder as they are", () => {
    const more = bwrapArgv({ ...options, env: { A: "x y'z", HOME: "/h" }, cwd: "/tmp" });
    expect(has(more, "--setenv", "A", "x y'z")).toBe(true);
    expect(has(more, "--setenv", "HOME", "/h")).toBe(true);
    expect(more.slice(-2)).toEqual(["--chdir", "/tmp"]);
    expect(argv.slice(-2)).toEqual(["--chdir", "/workspace/a1"]);
  });

  it("has a session of its own only where there is no terminal to have", () => {
    expect(argv).not.toContain("--new-session");
    expect(bwrapArgv({ ...options, newSession: true })).toContain("--new-session");
  });

  it("shows the network helper's folder only where there is one", () => {
    const net = { socketDir: "/data/guests/a1/net/agent", helper: "/data/guests/a1/net/h.mjs" };
    expect(argv).not.toContain("/run/cco-net");
    expect(has(bwrapArgv({ ...options, net }), "--ro-bind", net.socketDir, "/run/cco-net")).toBe(
      true,
    );
  });
});
