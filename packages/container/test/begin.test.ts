import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";
import { BEGIN } from "../src/show-script.js";

const IMPROPER = "Error: must be in Created or Stopped state to be started";

/** Begin the agent of an engine that is this script; `$1` is `inspect` or the container to start. */
function begin(engine: string, net = "net") {
  const dir = makeTempDir();
  const file = join(dir, "engine");
  const script = `#!/bin/sh
cd "${dir}"
echo "$*" >>calls
case "$*" in
  "container inspect --format {{.State.Status}} agent") set -- inspect ;;
  "start agent" | "start net") set -- "$2" ;;
  *) exit 64 ;;
esac
${engine}
`;
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  const argv = ["-c", `${BEGIN}\nbegin "$@"`, "begin", file, "agent", net];
  const { status, stderr } = spawnSync("sh", argv, { encoding: "utf8" });
  const calls = readFileSync(join(dir, "calls"), "utf8").trim().split("\n");
  return { status, stderr, started: calls.filter((call) => call.startsWith("start")) };
}

it("starts the network helper, then the agent", () => {
  expect(begin('[ "$1" != inspect ] || echo created')).toEqual({
    ...{ status: 0, stderr: "", started: ["start net", "start agent"] },
  });
  expect(begin('[ "$1" != inspect ] || echo created', "").started).toEqual(["start agent"]);
});

it.each(["running", "exited"])("leaves one alone that is %s", (state) => {
  expect(begin(`echo ${state}`)).toEqual({ status: 0, stderr: "", started: [] });
});

it("is content with one that another started at the same moment", () => {
  const engine = `case $1 in
    inspect) if [ -e tried ]; then echo running; else echo created; fi ;;
    agent) : >tried; echo "${IMPROPER}" >&2; exit 125 ;;
  esac`;
  expect(begin(engine)).toMatchObject({ status: 0, stderr: "" });
});

it("says in the engine's words why one does not start", () => {
  const engine = `case $1 in inspect) echo created ;; agent) echo "${IMPROPER}" >&2; exit 125 ;; esac`;
  expect(begin(engine)).toMatchObject({ status: 1, stderr: `${IMPROPER}\n` });
});

it("says that there is none", () => {
  const gone = begin('echo "Error: no such container" >&2; exit 125');
  expect(gone).toEqual({ status: 1, stderr: "Error: no such container\n", started: [] });
});
