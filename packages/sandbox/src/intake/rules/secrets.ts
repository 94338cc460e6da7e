import type { ContentReader } from "../objects.js";
import type { ProvisionedSecret } from "../types.js";

interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

const MIN_LENGTH = 8;

/** What to look for: each value as it is, and as it looks inside base64 text. */
export function needles(secrets: readonly ProvisionedSecret[]): Needle[] {
  return secrets
    .filter(({ value }) => Buffer.byteLength(value) >= MIN_LENGTH)
    .flatMap(({ name, value }) =>
      [value, ...base64Cores(value)].map((text) => ({ name, bytes: Buffer.from(text) })),
    );
}

/** The part of the value's base64 that does not depend on its neighbours, for the three ways it can lie. */
function base64Cores(value: string): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]).toString("base64");
    const from = shift === 0 ? 0 : shift + 1;
    const whole = Math.floor((Buffer.byteLength(value) + shift) / 3) * 4;
    return text.slice(from, whole);
  });
}

/** Names of the secrets that `content` holds. */
export function secretsIn(content: Buffer, wanted: readonly Needle[]): string[] {
  const found = wanted.filter(({ bytes }) => content.includes(bytes)).map(({ name }) => name);
  return [...new Set(found)];
}

/** Looks through objects as they stream by. `found`: names of secrets by object id. */
export class SecretReader implements ContentReader {
  readonly found = new Map<string, Set<string>>();
  readonly #wanted: readonly Needle[];
  readonly #overlap: number;
  #sha = "";
  #tail = Buffer.alloc(0);

  constructor(wanted: readonly Needle[]) {
    this.#wanted = wanted;
    this.#overlap = Math.max(0, ...wanted.map(({ bytes }) => bytes.length - 1));
  }

  begin(sha: string): void {
    this.#sha = sha;
    this.#tail = Buffer.alloc(0);
  }

  data(chunk: Buffer): void {
    const seen = Buffer.concat([this.#tail, chunk]);
    for (const name of secretsIn(seen, this.#wanted)) {
      const names = this.found.get(this.#sha) ?? new Set();
      this.found.set(this.#sha, names.add(name));
    }
    this.#tail = Buffer.from(seen.subarray(Math.max(0, seen.length - this.#overlap)));
  }

  end(): void {
    this.#tail = Buffer.alloc(0);
  }
}
