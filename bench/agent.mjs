import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:http";
import { performance } from "node:perf_hooks";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { median } from "./measure.mjs";
import { megabytes, processes } from "./memory.mjs";

const ROUNDS = 9;
const VERSIONS = fileURLToPath(new URL("../test/model/claude-versions", import.meta.url));

/**
 * From `cco box push` to the first question that reaches the model, against Claude Code started by hand
 * in the same folder with the same home, in turn; and what the supervisor keeps in memory meanwhile.
 * Needs the real Claude Code of the tests (`scripts/setup.sh`).
 *
 * @param {import("./world.mjs").World} world
 * @returns {Promise<import("./index.mjs").Figure[]>}
 */
export async function agent(world) {
  const [version = ""] = readFileSync(VERSIONS, "utf8").split("\n");
  const bin = fileURLToPath(
    new URL(`../.cache/claude-${version}/node_modules/.bin`, import.meta.url),
  );
  const model = await silentModel();
  Object.assign(world.env, {
    PATH: `${bin}:${world.env["PATH"]}`,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "sk-ant-bench",
  });
  const plan = world.plan("plan.md", "true");
  const push = ["box", "push", plan, "--agent", "claude", "--no-pane", "-q"];

  const cco = async () => {
    const asked = model.asked();
    const start = performance.now();
    const id = world.cco(push).trim();
    return { id, ms: (await asked) - start };
  };
  const first = await cco();
  // The only session of this world: its shells work in its control folder.
  const supervisor = megabytes(
    processes().filter(
      ({ pid, command }) => command.endsWith("launch --supervise x") && isIn(pid, first.id),
    ),
  );
  const guest = join(world.env["XDG_DATA_HOME"] ?? "", "cco/guests", first.id);
  const byHand = async () => {
    const asked = model.asked();
    const start = performance.now();
    const child = spawn(
      "claude",
      [
        ...["--dangerously-skip-permissions", "-p", "--output-format", "stream-json", "--verbose"],
        "/executing-plans-in-sandbox plan.md",
      ],
      {
        cwd: join(guest, "workspace"),
        env: {
          ...world.env,
          HOME: join(guest, "home"),
          IS_SANDBOX: "1",
          DISABLE_AUTOUPDATER: "1",
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        },
        stdio: "ignore",
      },
    );
    const ms = (await asked) - start;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    return ms;
  };
  await byHand();

  /** @type {{ pushed: number, plain: number }[]} */
  const pairs = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = round % 2 === 0 ? undefined : await byHand();
    const { id, ms } = await cco();
    world.cco(["box", "rm", "--force", id]);
    pairs.push({ pushed: ms, plain: before ?? (await byHand()) });
  }
  await model.close();
  const pushed = median(pairs.map((pair) => pair.pushed));
  const plain = median(pairs.map((pair) => pair.plain));
  return [
    {
      name: "push to the first question",
      value: median(pairs.map((pair) => pair.pushed - pair.plain)),
      unit: "ms more",
      limit: 300,
      detail: `${pushed.toFixed(0)} ms against ${plain.toFixed(0)} ms by hand`,
    },
    {
      name: "supervisor",
      value: supervisor,
      unit: "MB",
      limit: 5,
      detail: "its shells, a file that several of them map counted once",
    },
  ];
}

/** A model that takes questions and answers none. */
async function silentModel() {
  /** @type {((at: number) => void)[]} */
  const waiting = [];
  const server = createServer((request, response) => {
    if (request.method !== "POST") return void response.writeHead(200).end();
    request.resume();
    for (const tell of waiting.splice(0)) tell(performance.now());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** @returns {Promise<number>} when the next question came */
    asked: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * @param {number} pid
 * @param {string} id
 */
function isIn(pid, id) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).endsWith(`/${id}/ctl`);
  } catch {
    return false;
  }
}
