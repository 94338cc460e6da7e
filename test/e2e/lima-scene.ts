import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Env } from "../support/env.js";
import { limaEnv, type LimaPlace } from "../support/lima.js";
import { waitFor } from "../support/wait-for.js";
import { Scene } from "./scene.js";

/** A person's machine whose `cco` is configured for a VM. */
export class LimaScene extends Scene {
  readonly place: LimaPlace;
  readonly box: string;

  /**
   * @param dir where emulated VMs lie; scenes of one folder share them
   * @param settings of `backends.lima`
   */
  constructor(place: LimaPlace, dir: string, settings: Readonly<Record<string, unknown>> = {}) {
    super();
    this.place = place;
    const { name = place.box } = settings;
    this.box = String(name);
    Object.assign(this.env, limaEnv(this.env, place, dir));
    const config = { backend: "lima", backends: { lima: { ...settings, name: this.box } } };
    const folder = join(this.env["XDG_CONFIG_HOME"] ?? "", "cco");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  }

  /** limactl itself, past cco. */
  limactl(...args: readonly string[]): { readonly status: number | null; readonly text: string } {
    const { status, stdout, stderr } = limactl(this.env, args);
    return { status, text: `${stdout.toString()}${stderr.toString()}` };
  }

  /** Run a shell script in the VM, past cco. @returns stdout; throws where it fails. */
  inVm(script: string): string {
    const argv = ["shell", "--workdir", "/", this.box, "--", "sh", "-c", script];
    const { status, stdout, stderr } = limactl(this.env, argv);
    if (status !== 0) throw new Error(`${script}: ${stderr.toString()}`);
    return stdout.toString();
  }

  /** The same in a session's workspace. */
  inWorkspace(sessionId: string, script: string): string {
    const folder = `$HOME/.local/share/cco/guests/${sessionId}/workspace`;
    return this.inVm(`cd "${folder}" && ${script}`);
  }

  override letGo(sessionId: string): void {
    this.inWorkspace(sessionId, "touch go");
  }

  override async untilMade(sessionId: string, path: string): Promise<void> {
    await waitFor(() => this.inWorkspace(sessionId, `[ -e '${path}' ] && echo made`) !== "", {
      what: `${path} in the VM`,
      timeoutMs: 50_000 * this.place.slowness,
    });
  }

  /** A session there that waits to be let go. */
  async running(...blocks: readonly string[]): Promise<string> {
    const { sessionId } = await this.push(this.plan(...blocks));
    await this.untilMade(sessionId, "here");
    return sessionId;
  }

  override async close(): Promise<void> {
    const ids = (await this.cco(["box", "ls", "--all", "-q"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.cco(["box", "rm", "--force", ...ids]);
  }
}

function limactl(env: Env, args: readonly string[]) {
  return spawnSync("limactl", args, { env });
}
