import { setTimeout as delay } from "node:timers/promises";

import { BackendError, type BackendCreateOptions } from "@cco/backend";
import { RunError, type CommandRunner } from "@cco/exec";

import { failed, type LimaCallOptions, type LimaClient, type LimaTemplate } from "./client.js";
import { socketExcess } from "./info.js";
import type { LimaInstance } from "./instance.js";
import { notRunning } from "./lima-runner.js";

/** A machine that another process starts may take this long until it answers. */
const ANSWER_MS = 300_000;
const ASK_AGAIN_MS = 500;

/**
 * Make a VM of a name that is free. What a failed or interrupted call left is removed.
 *
 * @throws {BackendError} `BACKEND_FAILED`
 */
export async function createVm(
  client: LimaClient,
  name: string,
  template: LimaTemplate,
  options: BackendCreateOptions,
): Promise<LimaInstance> {
  const { limaHome } = await client.info();
  const excess = socketExcess(limaHome, name, process.platform);
  if (excess > 0) {
    throw new BackendError(
      "BACKEND_FAILED",
      `the folder ${limaHome}/${name} is ${excess} bytes too long for a VM's sockets`,
      { hint: "a shorter LIMA_HOME, or a shorter backends.lima.name in the configuration" },
    );
  }
  const source = "file" in template ? template.file : "cco's own template";
  options.onProgress?.(`creating the VM ${name} from ${source}`);
  let taken = false;
  try {
    const { exitCode, messages } = await client.create(name, template, call(options));
    // Then it is another's, made meanwhile, and stays.
    taken = messages.some(({ text }) => text.includes("already exists"));
    if (exitCode !== 0 && !taken) throw failed("create", messages, exitCode);
    const made = await client.find(name);
    if (made !== null) return made;
    throw failed("create", messages, exitCode);
  } catch (error) {
    if (!taken) await removeLeftover(client, name);
    throw error;
  }
}

/** A create that failed leaves a VM behind that can never start. */
async function removeLeftover(client: LimaClient, name: string): Promise<void> {
  const left = await client.find(name).catch(() => null);
  if (left !== null && left.status !== "Running") await client.delete(name).catch(() => undefined);
}

/**
 * Start a VM, whatever state it is in, until programs run in it.
 *
 * @param runner the VM's inside.
 * @throws {BackendError} `BACKEND_FAILED`, in the words of what runs it.
 */
export async function startVm(
  client: LimaClient,
  runner: CommandRunner,
  instance: LimaInstance,
  options: BackendCreateOptions,
): Promise<void> {
  const { name, status } = instance;
  const { onProgress, signal } = options;
  if (status !== "Running") {
    if (status === "Broken") {
      onProgress?.(`the VM ${name} is broken; stopping what is left of it`);
      await client.stop(name, { ...call(options), force: true });
    }
    onProgress?.(`starting the VM ${name}`);
    const { exitCode, messages } = await client.start(name, call(options));
    const now = exitCode === 0 ? null : await client.find(name);
    // A start that is not perfect is a failure to limactl, and a machine to work with.
    if (exitCode !== 0 && now?.status !== "Running") {
      const { message } = failed("start", messages, exitCode);
      const log = instance.dir === "" ? "limactl list" : `${instance.dir}/ha.stderr.log`;
      throw new BackendError("BACKEND_FAILED", message, { hint: `see: ${log}` });
    }
  }
  await answers(client, runner, name, signal);
}

/** `Running` comes seconds into a start, long before ssh answers. */
async function answers(
  client: LimaClient,
  runner: CommandRunner,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Date.now() + ANSWER_MS;
  for (;;) {
    try {
      await runner.run(["true"], { signal });
      return;
    } catch (error) {
      if (error instanceof RunError && error.code === "COMMAND_ABORTED") throw error;
      const down = notRunning(await client.find(name));
      if (down !== null || Date.now() > deadline) throw error;
    }
    await delay(ASK_AGAIN_MS, undefined, { signal });
  }
}

/**
 * Stop a VM. One that is stopped is fine.
 *
 * @throws {BackendError} `BOX_MISSING`; `BACKEND_FAILED` in limactl's words.
 */
export async function stopVm(client: LimaClient, name: string): Promise<void> {
  const instance = await client.find(name);
  if (instance === null) throw notRunning(null) ?? new TypeError();
  if (instance.status === "Stopped") return;
  const force = instance.status !== "Running";
  const { exitCode, messages } = await client.stop(name, { force });
  const now = await client.find(name);
  if (now?.status !== "Running" && now?.status !== "Broken") return;
  // It would not go, or its host agent went first.
  const again = await client.stop(name, { force: true });
  if ((await client.find(name))?.status === "Stopped") return;
  throw failed("stop", [...messages, ...again.messages], exitCode);
}

function call({ signal, onProgress }: BackendCreateOptions): LimaCallOptions {
  return {
    signal,
    onMessage: ({ level, text }) => {
      if (level === "debug" || level === "other") return;
      onProgress?.(level === "info" ? text : `${level}: ${text}`);
    },
  };
}
