import {
  BackendError,
  type BackendCheck,
  type BackendCreateOptions,
  type BackendDescription,
  type BackendPromises,
  type BackendStatus,
  type Guest,
  type GuestFile,
  type GuestOptions,
  type GuestState,
  type SandboxBackend,
  type SetUpReport,
} from "@cco/backend";
import { RunError, type CommandRunner } from "@cco/exec";

import { clockDifference, mendClock } from "./clock.js";
import type { LimaClient } from "./client.js";
import type { LimaInstance } from "./instance.js";
import { notRunning } from "./lima-runner.js";
import { provision, type ProvisionTool } from "./provision.js";
import { templateYaml } from "./template.js";
import { createVm, startVm, stopVm } from "./vm.js";

export const DEFAULT_BOX = "cco-sandbox";

export interface LimaBackendOptions {
  readonly client: LimaClient;
  /** The VM's inside: a `LimaRunner` with the same name. */
  readonly runner: CommandRunner;
  /** What isolates sessions in the VM, over the same runner. */
  readonly inner: SandboxBackend;
  /** Default `cco-sandbox`. */
  readonly name?: string;
  /** Absolute path of the YAML to create it from. Default: cco's own. */
  readonly template?: string;
  /** Agents' programs to provision. Default: none. */
  readonly tools?: readonly ProvisionTool[];
}

/**
 * A Lima VM and what isolates sessions in it: the VM's life cycle, joined with a backend that works
 * over the VM's runner.
 */
export class LimaBackend implements SandboxBackend {
  readonly name = "lima";
  readonly box: string;
  readonly promises: BackendPromises;
  readonly #client: LimaClient;
  readonly #runner: CommandRunner;
  readonly #inner: SandboxBackend;
  readonly #template: string | undefined;
  readonly #tools: readonly ProvisionTool[];

  constructor(options: LimaBackendOptions) {
    const { client, runner, inner, name, template, tools } = options;
    this.#client = client;
    this.#runner = runner;
    this.#inner = inner;
    this.#template = template;
    this.#tools = tools ?? [];
    this.box = name ?? DEFAULT_BOX;
    this.promises = {
      ...inner.promises,
      networkEnforcedBy: `${inner.promises.networkEnforcedBy}, in the VM`,
      survivesHostRestart: false,
    };
  }

  async status(): Promise<BackendStatus> {
    const instance = await this.#client.find(this.box);
    switch (instance?.status) {
      case undefined:
        return "missing";
      case "Running":
        return this.#statusInside();
      case "Stopped":
      case "Uninitialized":
      case "Installing":
        return "stopped";
      default:
        return "broken";
    }
  }

  async #statusInside(): Promise<BackendStatus> {
    try {
      // Its tools are missing: a box that is there and cannot work.
      return (await this.#again(() => this.#inner.status())) === "running" ? "running" : "broken";
    } catch (error) {
      // `Running` comes long before ssh answers: `start` waits for that.
      if (error instanceof BackendError) return "stopped";
      throw error;
    }
  }

  /** A question may be asked twice: a connection that broke says nothing about the VM. */
  async #again<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RunError) || error.code !== "CONNECTION_LOST") throw error;
      return ask();
    }
  }

  async check(): Promise<readonly BackendCheck[]> {
    const name = "Lima";
    let instance: LimaInstance | null;
    let version: string;
    try {
      version = await this.#client.version();
      instance = await this.#client.find(this.box);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      return [{ name, ok: false, detail: error.message, fix: error.hint ?? "limactl list" }];
    }
    const lima: BackendCheck = { name, ok: true, detail: version };
    const vm = `VM ${this.box}`;
    const down = notRunning(instance);
    if (down !== null) {
      const detail = instance === null ? "not created" : instance.status.toLowerCase();
      return [lima, { name: vm, ok: false, detail, fix: down.hint ?? "" }];
    }
    if (instance?.status === "Broken") {
      const detail = ["broken", ...instance.errors].join(": ");
      return [lima, { name: vm, ok: false, detail, fix: "cco box start --backend lima" }];
    }
    const inside = (await this.#inner.check()).map((check) => ({
      ...check,
      ...(check.ok ? {} : { fix: "cco box provision --backend lima" }),
    }));
    return [lima, { name: vm, ok: true, detail: "running" }, ...inside];
  }

  async describe(): Promise<BackendDescription> {
    const version = this.#client.version().catch(() => null);
    const instance = await this.#client.find(this.box);
    if (notRunning(instance) !== null) return { version: await version, disk: null, memory: null };
    const [inside, clockDifferenceMs] = await Promise.all([
      this.#inner.describe(),
      clockDifference(this.#runner),
    ]);
    return { ...inside, version: await version, clockDifferenceMs };
  }

  /**
   * Make the VM, start it and provision it. One that is there is started and provisioned only. What
   * a call made that fails or is interrupted is removed again.
   *
   * @throws {BackendError} `BOX_MISSING`: no limactl; `BACKEND_FAILED` in limactl's words.
   */
  async create(options: BackendCreateOptions = {}): Promise<void> {
    const instance = await this.#client.find(this.box);
    if (instance !== null) {
      await this.#bringUp(instance, options);
      return;
    }
    const file = options.template ?? this.#template;
    const template = file === undefined ? { yaml: await this.template() } : { file };
    const made = await createVm(this.#client, this.box, template, options);
    try {
      await this.#bringUp(made, options);
    } catch (error) {
      options.onProgress?.(`removing the unfinished VM ${this.box}`);
      await this.#client.delete(this.box).catch(() => undefined);
      throw error;
    }
  }

  /** @throws {BackendError} `BOX_MISSING`; `BACKEND_FAILED` in limactl's words. */
  async start(options: BackendCreateOptions = {}): Promise<void> {
    const instance = await this.#client.find(this.box);
    if (instance === null) throw notRunning(null) ?? new TypeError();
    await this.#bringUp(instance, options);
  }

  async stop(): Promise<void> {
    await stopVm(this.#client, this.box);
  }

  /** Remove the VM with all that is in it. One that is not there is fine. */
  async destroy(): Promise<void> {
    if ((await this.#client.find(this.box)) === null) return;
    await this.#client.delete(this.box);
    if ((await this.#client.find(this.box)) === null) return;
    throw new BackendError("BACKEND_FAILED", `the VM ${this.box} could not be removed`, {
      hint: `see: limactl delete --force ${this.box}`,
    });
  }

  provision(files: readonly GuestFile[]): Promise<void> {
    return this.#inner.provision(files);
  }

  async setUp(options: BackendCreateOptions = {}): Promise<SetUpReport> {
    const { signal, onProgress } = options;
    const report = await provision(this.#runner, this.#tools, { signal });
    for (const line of report.changed) onProgress?.(line);
    for (const program of report.missing) onProgress?.(`${program} could not be installed`);
    return report;
  }

  template(): Promise<string> {
    return templateYaml({ platform: process.platform, arch: process.arch, tools: this.#tools });
  }

  shellArgv(): readonly string[] {
    return this.#client.hostArgv(this.box);
  }

  async openGuest(guestId: string, options?: GuestOptions): Promise<Guest> {
    // Side by side: the clock needs no time of its own. It is off after the host slept.
    const [guest] = await Promise.all([
      this.#inner.openGuest(guestId, options),
      options === undefined ? null : mendClock(this.#runner),
    ]);
    return guest;
  }

  async closeGuest(guestId: string): Promise<void> {
    await this.#inVm(() => this.#inner.closeGuest(guestId), undefined);
  }

  /** None of a VM that is not there. @throws {BackendError} `BOX_STOPPED` */
  guests(only?: string): Promise<ReadonlyMap<string, GuestState>> {
    return this.#inVm(() => this.#again(() => this.#inner.guests(only)), new Map());
  }

  async #inVm<T>(work: () => Promise<T>, ifMissing: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const missing = error instanceof BackendError && error.code === "BOX_MISSING";
      if (missing && (await this.#client.find(this.box)) === null) return ifMissing;
      throw error;
    }
  }

  async #bringUp(instance: LimaInstance, options: BackendCreateOptions): Promise<void> {
    await startVm(this.#client, this.#runner, instance, options);
    const mended = await mendClock(this.#runner);
    if (mended !== null) {
      options.onProgress?.(`the VM's clock was ${Math.round(mended / 1000)} s off; set`);
    }
    await this.setUp(options);
  }
}
