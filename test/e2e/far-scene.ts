import { join } from "node:path";

import { TestSshd, type SshdOptions } from "../support/sshd.js";
import { waitFor } from "../support/wait-for.js";
import { Scene, untilLet, type RunSettings, type Started } from "./scene.js";

/** A person's machine, and another one that `ssh big` reaches from it. */
export class FarScene extends Scene {
  readonly sshd: TestSshd;

  readonly #everyBox: boolean;

  /** @param options.everyBox each `cco box` is given `--host big` */
  constructor(sshd: TestSshd, { everyBox = false }: { readonly everyBox?: boolean } = {}) {
    super();
    this.sshd = sshd;
    this.#everyBox = everyBox;
    this.env["PATH"] = sshd.env["PATH"] ?? "";
  }

  static async make(options: SshdOptions = {}): Promise<FarScene> {
    return new FarScene(await TestSshd.start(options));
  }

  override start(args: readonly string[], settings: RunSettings = {}): Started {
    const far = this.#everyBox && args[0] === "box" ? ["--host", this.sshd.host] : [];
    return super.start([...args, ...far], settings);
  }

  override inGuest(sessionId: string, path: string): string {
    const guests = join(this.sshd.home, ".local/share/cco/guests");
    return join(guests, sessionId, "workspace", path);
  }

  /** A session there that waits to be let go. */
  async running(...blocks: readonly string[]): Promise<string> {
    const { sessionId } = await this.push(this.plan(untilLet, ...blocks), "--host", "big");
    await this.untilMade(sessionId, "here");
    return sessionId;
  }

  override async close(): Promise<void> {
    const ids = (await this.cco(["box", "ls", "--all", "-q"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.cco(["box", "rm", "--force", ...ids]);
  }

  /** Nothing is left between the two machines. */
  async cut(): Promise<void> {
    this.sshd.stop();
    await waitFor(() => this.sshd.masters().length === 0);
  }
}
