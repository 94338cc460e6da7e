import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Answer } from "./answers.js";
import type { Dialect } from "./dialect.js";

/** A turn that was asked for. */
export interface AskedTurn<Body> {
  readonly body: Body;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * A model that follows a script, on loopback. It is strict: a request that neither the script nor
 * the API expects is refused and counts as a problem, and so does a script that is not played to
 * its end.
 */
export class ModelServer<Body> {
  readonly key: string;
  readonly turns: AskedTurn<Body>[] = [];
  readonly #problems: string[] = [];
  readonly #script: readonly Answer[];
  readonly #dialect: Dialect<Body>;
  readonly #server: Server;

  private constructor(script: readonly Answer[], dialect: Dialect<Body>) {
    this.key = dialect.newKey();
    this.#script = script;
    this.#dialect = dialect;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  static async start<Body>(
    script: readonly Answer[],
    dialect: Dialect<Body>,
  ): Promise<ModelServer<Body>> {
    const model = new ModelServer(script, dialect);
    await new Promise<void>((resolve, reject) => {
      model.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return model;
  }

  /** @returns what was not as it should be */
  async stop(): Promise<readonly string[]> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    const missing = this.#script.length - this.turns.length;
    if (missing > 0)
      this.#problems.push(`${String(missing)} turns of the script were not asked for`);
    return this.#problems;
  }

  /** `127.0.0.1:PORT` */
  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** What a process needs to talk to this model. */
  get env(): Record<string, string> {
    return this.#dialect.env(this.host, this.key);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const asked = await this.#dialect.read(incoming, this.key);
      if (asked.kind === "turn") this.#answer(asked.body, response);
      else asked.answer(response);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#problems.push(message);
      this.#dialect.refuse(response, `the script says: ${message}`);
    }
  }

  #answer(body: Body, response: ServerResponse): void {
    const number = this.turns.length;
    this.turns.push({ body, at: Date.now() });
    const end = this.#script.at(-1);
    const lasting = end?.kind === "refuse" && end.always === true ? end : undefined;
    const answer = this.#script[number] ?? lasting;
    if (answer === undefined) throw new Error(`turn ${String(number + 1)}: the script is over`);
    const before = number === 0 ? undefined : this.turns[number - 1]?.body;
    this.#dialect.check(number, body, this.#script[number - 1] ?? lasting, before);
    this.#dialect.send(
      response,
      answer.kind === "refuse" ? { ...answer, message: timed(answer.message) } : answer,
      number,
      body,
    );
  }
}

/** The text with its times counted from now. */
function timed(text: string): string {
  return text.replace(/\{\+(\d+)\}/g, (_, seconds: string) =>
    String(Math.ceil(Date.now() / 1000) + Number(seconds)),
  );
}
