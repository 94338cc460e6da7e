import { BackendError, readNetHelper, type BackendCreateOptions } from "@cco/backend";
import type { RunOptions } from "@cco/exec";

import { saidBy, type EngineClient } from "./engine-client.js";
import { baseImage, boxImage, boxRecipe, CONTAINERFILE } from "./image.js";

/** Where a box's image comes from: one by name, a root file system of the place, or cco's own. */
export interface ImageSource {
  readonly image?: string | undefined;
  readonly rootfs?: string | undefined;
}

/** The image of a box, and how it is made. */
export class BoxImage {
  readonly #client: EngineClient;
  readonly #box: string;
  readonly #source: ImageSource;

  constructor(client: EngineClient, box: string, source: ImageSource) {
    this.#client = client;
    this.#box = box;
    this.#source = source;
  }

  /** Its name, whether it is there or not. */
  async name(): Promise<string> {
    return boxImage(this.#box, await this.#recipe());
  }

  /** Made from its base, which is fetched, imported or built where it is not there. */
  async make(options: BackendCreateOptions): Promise<void> {
    const { onProgress } = options;
    const base = this.#base();
    if (!(await this.has(base))) await this.#makeBase(base, options);
    const name = await this.name();
    onProgress?.(`making ${name} from ${base}`);
    const argv = ["build", "--quiet", "--network", "none", "--tag", name, "-"];
    await this.#run(`cannot make the box's image from ${base}`, argv, {
      stdin: Buffer.from(await this.#recipe()),
      ...signalOf(options),
    });
  }

  /** Whether the engine has an image of this name. */
  async has(name: string): Promise<boolean> {
    const args = ["image", "inspect", "--format", "{{.Id}}", name];
    return (await this.#client.ask(args)).exitCode === 0;
  }

  async #makeBase(base: string, options: BackendCreateOptions): Promise<void> {
    const { image, rootfs } = this.#source;
    if (image !== undefined) {
      options.onProgress?.(`fetching ${image}`);
      await this.#run(`no image ${image}`, ["pull", "--quiet", image], signalOf(options));
    } else if (rootfs !== undefined) {
      options.onProgress?.(`importing ${rootfs}`);
      await this.#run(`cannot import ${rootfs}`, ["import", rootfs, base], signalOf(options));
    } else {
      options.onProgress?.("building the image that comes with cco");
      const argv = ["build", "--quiet", "--tag", base, "-"];
      const stdin = Buffer.from(CONTAINERFILE);
      await this.#run("cannot build cco's own image", argv, { stdin, ...signalOf(options) });
    }
  }

  async #recipe(): Promise<string> {
    return boxRecipe(this.#base(), await readNetHelper());
  }

  #base(): string {
    const { image, rootfs } = this.#source;
    return image ?? baseImage(rootfs === undefined ? "containerfile" : { rootfs });
  }

  async #run(what: string, args: readonly string[], options: RunOptions): Promise<void> {
    const result = await this.#client.ask(args, options);
    if (result.exitCode === 0) return;
    throw new BackendError("BOX_MISSING", `${what}: ${saidBy(result).slice(-2_000)}`, {
      hint: "without a registry: backends.container.rootfs names a root file system to import",
    });
  }
}

function signalOf({ signal }: BackendCreateOptions): Pick<RunOptions, "signal"> {
  return signal === undefined ? {} : { signal };
}
