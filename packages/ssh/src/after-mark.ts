import { Transform, Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** So much is kept, of what came before the mark, to be looked at. */
const KEPT = 8_192;

/**
 * Passes on to `target` what comes after the first `mark`, and leaves out what comes before it:
 * others than the program wrote that. Emits `began` at the mark.
 */
export class AfterMark extends Transform {
  began = false;
  /** The end of what came before the mark; of all, where there was none. */
  before = "";
  readonly #mark: Buffer;
  readonly #target: Writable;
  #held = Buffer.alloc(0);

  /** @param target is ended by {@link finish} alone: there may be several attempts. */
  constructor(mark: string, target: Writable) {
    super();
    this.#mark = Buffer.from(mark);
    this.#target = target;
    this.pipe(target, { end: false });
    target.once("error", (error) => this.destroy(error));
  }

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: null, rest?: Buffer) => void,
  ): void {
    if (this.began) {
      done(null, chunk);
      return;
    }
    this.#held = Buffer.concat([this.#held, chunk]);
    const at = this.#held.indexOf(this.#mark);
    this.before = this.#held
      .subarray(0, at < 0 ? undefined : at)
      .toString("latin1")
      .slice(-KEPT);
    if (at < 0) {
      this.#held = this.#held.subarray(-KEPT);
      done(null);
      return;
    }
    this.began = true;
    this.emit("began");
    done(null, this.#held.subarray(at + this.#mark.length));
  }

  /** Ends the target, once all that is passed on is in it. */
  async finish(): Promise<void> {
    if (!this.readableEnded) await finished(this, { writable: false });
    this.#target.end();
    await finished(this.#target, { readable: false });
  }
}

/** Keeps all that is written to it. */
export class Collected extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** Of what was collected, what comes after the mark. */
export function afterMark(collected: Buffer, mark: string): Buffer {
  const at = collected.indexOf(mark);
  return at < 0 ? Buffer.alloc(0) : collected.subarray(at + mark.length);
}
