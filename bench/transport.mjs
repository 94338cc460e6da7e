import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

import { ExecaRunner } from "../packages/exec/dist/index.js";
import { createInputBundle, Repo } from "../packages/git/dist/index.js";
import { median, runOrThrow, timed } from "./measure.mjs";

const ROUNDS = 5;
const COMMITS = 20_000;
const DEPTH = 100;
const FILES = 2_000;

/**
 * Sending the newest commits of a long history against `git clone --depth`, and how little a
 * second push of it moves.
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function transport(world) {
  const dir = longHistory(world);
  const repo = await Repo.open(new ExecaRunner({ env: world.env }), dir);
  const revisions = ["git", "-C", dir, "rev-parse", "main", "main~1"];
  const [tip = "", parent = ""] = runOrThrow(revisions, { env: world.env }).split("\n");
  const file = join(world.dir, "input.bundle");
  const wish = { tip, branch: "main", depth: DEPTH, file };

  const bundle = async () => {
    const start = performance.now();
    const { size } = await createInputBundle(repo, wish);
    return { ms: performance.now() - start, size };
  };
  const clone = () => {
    const target = join(world.dir, "cloned");
    const argv = ["git", "clone", "-q", "--bare", `--depth=${DEPTH}`, `file://${dir}`, target];
    const { ms } = timed(argv, { env: world.env });
    rmSync(target, { recursive: true });
    return ms;
  };

  await bundle();
  clone();
  const pairs = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    pairs.push({ bundle: await bundle(), clone: clone() });
  }
  const again = await createInputBundle(repo, { ...wish, have: [parent] });
  const ms = median(pairs.map((pair) => pair.bundle.ms)).toFixed(0);
  const cloneMs = median(pairs.map((pair) => pair.clone)).toFixed(0);
  const megabytes = ((pairs[0]?.bundle.size ?? 0) / 1e6).toFixed(1);
  return [
    {
      name: "bundle of a long history",
      value: median(pairs.map((pair) => pair.bundle.ms / pair.clone)),
      unit: "×",
      limit: 1.2,
      detail: `${megabytes} MB, the last ${DEPTH} of ${COMMITS} commits: ${ms} ms; git clone --depth ${cloneMs} ms`,
    },
    {
      name: "a push after the first",
      value: again.size / 1e3,
      unit: "kB",
      limit: 10,
      detail: "one new commit, to a guest that has the one before",
    },
  ];
}

/**
 * 20,000 commits over 2,000 files of some 4 kB each that do not compress well.
 *
 * @param {import("./world.mjs").World} world
 */
function longHistory(world) {
  const dir = join(world.dir, "long");
  mkdirSync(dir);
  runOrThrow(["git", "init", "-q", "-b", "main", dir], { env: world.env });
  const parts = [];
  let seed = 1;
  for (let commit = 0; commit < COMMITS; commit += 1) {
    let text = "";
    while (text.length < 4_000) {
      seed = (seed * 48_271) % 2_147_483_647;
      text += seed.toString(36);
    }
    const message = `commit ${commit}`;
    parts.push(
      `commit refs/heads/main\ncommitter B <b@example.invalid> ${1_600_000_000 + commit} +0000\n`,
      `data ${message.length}\n${message}\n`,
      `M 100644 inline src/${commit % 40}/${commit % FILES}.txt\ndata ${text.length}\n${text}\n`,
    );
  }
  const { status } = spawnSync("git", ["-C", dir, "fast-import", "--quiet"], {
    env: world.env,
    input: parts.join(""),
    stdio: ["pipe", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("git fast-import failed");
  runOrThrow(["git", "-C", dir, "repack", "-q", "-a", "-d"], { env: world.env });
  return dir;
}
