import type { IncomingMessage, ServerResponse } from "node:http";

import type { Answer } from "./answers.js";

/** How one agent talks with its model. */
export interface Dialect<Body> {
  /** Begins like a real key, and is none. Every server has its own, to be searched for. */
  newKey(): string;
  /** What a process needs to talk to the model at `host`. */
  env(host: string, key: string): Record<string, string>;
  /**
   * Read a request.
   *
   * @throws {Error} the agent should not ask that
   */
  read(incoming: IncomingMessage, key: string): Promise<Asked<Body>>;
  /**
   * Whether the conversation goes on as the answer before demands.
   *
   * @param number of the request, from 0
   * @param last what the model answered before
   * @param before the request that it answered
   * @throws {Error} it does not
   */
  check(number: number, body: Body, last: Answer | undefined, before: Body | undefined): void;
  send(response: ServerResponse, answer: Answer, number: number, body: Body): void;
  /** Say that the request was none of the script's. */
  refuse(response: ServerResponse, message: string): void;
}

export type Asked<Body> =
  /** A step of the conversation. */
  | { readonly kind: "turn"; readonly body: Body }
  /** Beside the conversation. */
  | { readonly kind: "aside"; answer(response: ServerResponse): void };
