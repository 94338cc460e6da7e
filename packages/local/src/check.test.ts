import { expect, it } from "vitest";

import { parseChecks } from "./check.js";

const GOOD = [
  "bwrap\tbubblewrap 0.8.0",
  "tmux\ttmux 3.3a",
  "git\tgit version 2.39.5",
  "tar\ttar (GNU tar) 1.34",
  "node\tv20.20.2",
  "namespaces\tok",
  "manager\tapt-get",
  "system\tLinux",
];

const without = (name: string) => GOOD.filter((line) => !line.startsWith(`${name}\t`));
const failing = (lines: readonly string[]) => parseChecks(lines.join("\n")).filter(({ ok }) => !ok);

it("finds a machine that has everything in order", () => {
  expect(failing(GOOD)).toEqual([]);
  expect(parseChecks(GOOD.join("\n"))[1]).toEqual({ name: "tmux", ok: true, detail: "3.3a" });
});

it.each([
  [
    "bubblewrap",
    [...without("bwrap"), "bwrap\tbubblewrap 0.4.1"],
    "sudo apt-get install bubblewrap",
  ],
  ["tmux", [...without("tmux"), "tmux\ttmux 3.1c"], "sudo apt-get install tmux"],
  ["git", [...without("git"), "git\tgit version 2.30.2"], "sudo apt-get install git"],
  ["tar", without("tar"), "sudo apt-get install tar"],
])("says how to get %s", (name, lines, fix) => {
  expect(failing(lines)).toMatchObject([{ name, fix }]);
});

it.each([
  ["dnf", "sudo dnf install tmux"],
  ["pacman", "sudo pacman -S tmux"],
  ["other", "install tmux"],
])("knows the package manager %s", (manager, fix) => {
  const lines = without("tmux").filter((line) => !line.startsWith("manager"));
  expect(failing([...lines, `manager\t${manager}`])).toMatchObject([{ fix }]);
});

it.each([
  ["apparmor\t1", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"],
  ["clone\t0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"],
  ["apparmor\t0", "sudo sysctl -w user.max_user_namespaces=15000"],
])("says how to allow user namespaces: %s", (fact, fix) => {
  const lines = [...without("namespaces"), "namespaces\tbwrap: No permissions", fact];
  expect(failing(lines)).toEqual([
    { name: "user namespaces", ok: false, detail: "bwrap: No permissions", fix },
  ]);
});

it("needs Linux", () => {
  expect(failing([...without("system"), "system\tDarwin"])).toMatchObject([
    { name: "bubblewrap", detail: "bubblewrap needs Linux, this is Darwin" },
  ]);
});
