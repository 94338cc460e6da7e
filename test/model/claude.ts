import type { IncomingMessage } from "node:http";

import { WORKSPACE, type CallTool } from "./answers.js";
import { checkTurn } from "./check-turn.js";
import type { Asked, Dialect } from "./dialect.js";
import { readRequest, workspaceOf, type Body, type Login } from "./requests.js";
import { newAnthropicKey, refuseRequest, send, sendAnswer, sendJson } from "./wire.js";

/** Where each kind of login is for Claude Code. */
const VARIABLES: Readonly<Record<Login, string>> = {
  key: "ANTHROPIC_API_KEY",
  token: "CLAUDE_CODE_OAUTH_TOKEN",
};

/** Claude Code, by Anthropic's Messages. */
export function claude(login: Login = "key"): Dialect<Body> {
  return {
    newKey: newAnthropicKey,
    env: (host, key) => ({ ANTHROPIC_BASE_URL: `http://${host}`, [VARIABLES[login]]: key }),
    read: (incoming, key) => read(incoming, key, login),
    check: (number, body, last, before) => {
      checkTurn(number, body, last, before, callsSkill);
    },
    send: (response, answer, number, body) => {
      const told = answer.kind === "call" ? inWorkspace(answer, body) : answer;
      send(response, told, number, body);
    },
    refuse: refuseRequest,
  };
}

function callsSkill(asked: string): string | null {
  const skill = "<command-name>/executing-plans-in-sandbox</command-name>";
  return asked.includes(skill) ? null : "the skill was not called";
}

async function read(incoming: IncomingMessage, key: string, login: Login): Promise<Asked<Body>> {
  const request = await readRequest(incoming, key, login);
  switch (request.kind) {
    case "hello":
      return { kind: "aside", answer: (response) => response.writeHead(200).end() };
    case "count":
      return {
        kind: "aside",
        answer: (response) => {
          sendJson(response, 200, { input_tokens: 1000 });
        },
      };
    case "title": {
      const { body } = request;
      return {
        kind: "aside",
        answer: (response) => {
          sendAnswer(response, { kind: "say", text: '{"title":"A plan"}' }, 0, body);
        },
      };
    }
    case "turn":
      return request;
  }
}

function inWorkspace(call: CallTool, body: Body): CallTool {
  const values = Object.entries(call.input).map(([key, value]) => [
    key,
    value.includes(WORKSPACE) ? value.replaceAll(WORKSPACE, workspaceOf(body)) : value,
  ]);
  return { ...call, input: Object.fromEntries(values) as CallTool["input"] };
}
