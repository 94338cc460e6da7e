/**
 * Every shell script of the repository: shellcheck, and the parsers of the shells it may meet.
 * A missing checker is an error: a script nobody parsed is not a checked one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { report, repositoryFiles, root, run } from "./lib.mjs";

const scripts = repositoryFiles("*.sh", ".ci/run", "test/lab/*");

/** @param {string} path */
const isBash = (path) => readFileSync(join(root, path), "utf8").startsWith("#!/usr/bin/env bash");

/** @type {string[]} */
const problems = [];
for (const path of scripts) {
  const checks = [
    ["shellcheck", "-x", "--severity=style", `--shell=${isBash(path) ? "bash" : "sh"}`, path],
    ...(isBash(path)
      ? [["bash", "-n", path]]
      : [
          ["dash", "-n", path],
          ["busybox", "sh", "-n", path],
        ]),
  ];
  for (const argv of checks) {
    const { ok, output } = run(argv);
    if (!ok) problems.push(`${argv[0]} ${path}:\n${output}`);
  }
}

/** @type {Map<string, string>} */
const seen = new Map();
for (const path of scripts.filter((script) => script.startsWith("packages/"))) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const other = seen.get(name);
  if (other !== undefined) problems.push(`${path} and ${other} meet under one name in the bundle`);
  seen.set(name, path);
}

if (scripts.length === 0) problems.push("no shell script found");
report(problems);
