import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { WORKSPACE, type Answer, type CallTool } from "./answers.js";
import { checkTurn } from "./check-turn.js";
import { readRequest, workspaceOf, type Body, type Login } from "./requests.js";
import { sendAnswer, sendBroken, sendError, sendJson } from "./wire.js";

/** Begins like a real key, and is none. Every server has its own, to be searched for. */
function newKey(): string {
  return `sk-ant-api03-${crypto.randomUUID().replaceAll("-", "")}`;
}

/** Where each kind of login is for Claude Code. */
const VARIABLES: Readonly<Record<Login, string>> = {
  key: "ANTHROPIC_API_KEY",
  token: "CLAUDE_CODE_OAUTH_TOKEN",
};

/** A turn that was asked for. */
export interface AskedTurn {
  readonly body: Body;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * A model that follows a script, on loopback. It is strict: a request that neither the script nor
 * the API expects is refused and counts as a problem, and so does a script that is not played to
 * its end.
 */
export class ModelServer {
  readonly key = newKey();
  readonly turns: AskedTurn[] = [];
  readonly #problems: string[] = [];
  readonly #script: readonly Answer[];
  readonly #server: Server;

  readonly #login: Login;

  private constructor(script: readonly Answer[], login: Login) {
    this.#script = script;
    this.#login = login;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  static async start(script: readonly Answer[], login: Login = "key"): Promise<ModelServer> {
    const model = new ModelServer(script, login);
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
    return { ANTHROPIC_BASE_URL: `http://${this.host}`, [VARIABLES[this.#login]]: this.key };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await readRequest(incoming, this.key, this.#login);
      switch (request.kind) {
        case "hello":
          response.writeHead(200).end();
          break;
        case "count":
          sendJson(response, 200, { input_tokens: 1000 });
          break;
        case "title":
          sendAnswer(response, { kind: "say", text: '{"title":"A plan"}' }, 0, request.body);
          break;
        case "turn":
          this.#answer(request.body, response);
          break;
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#problems.push(message);
      const told = { type: "invalid_request_error", message: `the script says: ${message}` };
      sendError(response, 400, told);
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
    checkTurn(number, body, this.#script[number - 1] ?? lasting, before);
    switch (answer.kind) {
      case "say":
        sendAnswer(response, answer, number, body);
        break;
      case "call":
        sendAnswer(response, inWorkspace(answer, body), number, body);
        break;
      case "refuse":
        sendError(
          response,
          answer.status,
          { type: answer.type, message: timed(answer.message) },
          answer.headers,
        );
        break;
      case "drop":
        sendBroken(response, answer.text, number, body.model);
        break;
      case "silence":
        break;
    }
  }
}

function inWorkspace(call: CallTool, body: Body): CallTool {
  const values = Object.entries(call.input).map(([key, value]) => [
    key,
    value.includes(WORKSPACE) ? value.replaceAll(WORKSPACE, workspaceOf(body)) : value,
  ]);
  return { ...call, input: Object.fromEntries(values) as CallTool["input"] };
}

/** The text with its times counted from now. */
function timed(text: string): string {
  return text.replace(/\{\+(\d+)\}/g, (_, seconds: string) =>
    String(Math.ceil(Date.now() / 1000) + Number(seconds)),
  );
}
