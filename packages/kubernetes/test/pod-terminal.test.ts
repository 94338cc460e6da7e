import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { makePodTerminal, type PodTerminalOptions } from "../src/pod-terminal.js";

/** What a pane runs, with a kubectl that is this script. */
function view(kubectl: string): { status: number | null; stdout: string } {
  const dir = makeTempDir();
  const file = join(dir, "kubectl");
  writeFileSync(file, `#!/bin/sh\ncd "${dir}"\n${kubectl}\n`);
  chmodSync(file, 0o755);
  const options = { id: "7f3a9c21", pod: "cco-7f3a9c21", kubectl: [file] };
  const [program = "", ...args] = makePodTerminal(
    options as unknown as PodTerminalOptions,
  ).viewArgv();
  return spawnSync(program, args, { encoding: "utf8" });
}

it("a viewer that a person left ends well", () => {
  expect(view('case "$*" in *--attach*) echo seen ;; *) exit 1 ;; esac')).toMatchObject({
    status: 0,
    stdout: "seen\n",
  });
});

it("one that could show nothing says so by its exit code", () => {
  expect(view("exit 127").status).toBe(127);
});

it("after the end it shows the last screen, and waits for the keeper to know of it", () => {
  const kubectl = `case "$*" in
    *test*) [ -e asked ] ;;
    *--attach*) exit 10 ;;
    *--view*) echo last; exit 3 ;;
  esac`;
  const late = kubectl.replace(
    "[ -e asked ]",
    "[ -e asked2 ] || { [ ! -e asked ] || : >asked2; : >asked; false; }",
  );
  expect(view(late)).toMatchObject({ status: 3, stdout: "last\n" });
});
