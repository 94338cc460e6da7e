import type { IncomingMessage } from "node:http";

import * as v from "valibot";

import { PROMPT } from "./agent-packages.js";
import { checkTurn } from "./check-turn.js";
import type { Asked, Dialect } from "./dialect.js";
import { bodySchema, checkHeaders, readBody, type Body } from "./requests.js";
import { newAnthropicKey, refuseRequest, send, sendAnswer } from "./wire.js";

/** opencode, by Anthropic's Messages. */
export const opencode: Dialect<Body> = {
  newKey: newAnthropicKey,
  env: (host, key) => ({ ANTHROPIC_BASE_URL: `http://${host}`, ANTHROPIC_API_KEY: key }),
  read,
  check: (number, body, last, before) => {
    checkTurn(number, body, last, before, (asked) =>
      asked.includes(PROMPT) ? null : "no word of the plan",
    );
  },
  send: (response, answer, number, body) => {
    if (answer.kind === "call" && answer.name !== "Bash") {
      throw new Error(`no tool ${answer.name} of opencode is known here`);
    }
    send(response, answer, number, body, (name) => name.toLowerCase());
  },
  refuse: refuseRequest,
};

async function read(incoming: IncomingMessage, key: string): Promise<Asked<Body>> {
  const { method = "", url = "", headers } = incoming;
  const text = await readBody(incoming);
  if (method !== "POST" || url !== "/v1/messages") {
    throw new Error(`unexpected request: ${method} ${url}`);
  }
  checkHeaders(headers, key, "key");
  const body = v.parse(bodySchema, JSON.parse(text));
  const tools = (body.tools ?? []).map(({ name }) => name);
  if (tools.length === 0) {
    return {
      kind: "aside",
      answer: (response) => {
        sendAnswer(response, { kind: "say", text: "A plan" }, 0, body);
      },
    };
  }
  if (!tools.includes("bash")) throw new Error("a turn without the tool bash");
  return { kind: "turn", body };
}
