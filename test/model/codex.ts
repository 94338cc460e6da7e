import type { IncomingMessage, ServerResponse } from "node:http";

import * as v from "valibot";

import { PROMPT } from "./agent-packages.js";
import { USAGE, type Answer, type CallTool, type Say } from "./answers.js";
import type { Asked, Dialect } from "./dialect.js";
import { readBody } from "./requests.js";
import { event, sendJson } from "./wire.js";

const toolSchema = v.looseObject({
  name: v.optional(v.string()),
  tools: v.optional(v.array(v.looseObject({ name: v.optional(v.string()) }))),
});

const textSchema = v.looseObject({ type: v.string(), text: v.optional(v.string()) });

const itemSchema = v.looseObject({
  type: v.string(),
  role: v.optional(v.string()),
  content: v.optional(v.array(textSchema)),
  call_id: v.optional(v.string()),
  output: v.optional(v.union([v.string(), v.array(textSchema)])),
  /** Of an item `additional_tools`. */
  tools: v.optional(v.array(toolSchema)),
});

const bodySchema = v.looseObject({
  model: v.string(),
  stream: v.literal(true),
  store: v.literal(false),
  input: v.pipe(v.array(itemSchema), v.minLength(1)),
  tools: v.optional(v.array(toolSchema)),
});

export type CodexBody = v.InferOutput<typeof bodySchema>;

/** Codex, by OpenAI's Responses. https://platform.openai.com/docs/api-reference/responses */
export const codex: Dialect<CodexBody> = {
  newKey: () => `sk-proj-${crypto.randomUUID().replaceAll("-", "")}`,
  env: (host, key) => ({ OPENAI_BASE_URL: `http://${host}/v1`, OPENAI_API_KEY: key }),
  read,
  check,
  send,
  refuse: (response, message) => {
    sendError(response, 400, { type: "invalid_request_error", message });
  },
};

async function read(incoming: IncomingMessage, key: string): Promise<Asked<CodexBody>> {
  const { method = "", url = "", headers } = incoming;
  const text = await readBody(incoming);
  if (method !== "POST" || url !== "/v1/responses") {
    throw new Error(`unexpected request: ${method} ${url}`);
  }
  if (headers.authorization !== `Bearer ${key}`) {
    throw new Error("header authorization is not the key");
  }
  if (headers["content-type"] !== "application/json") throw new Error("content-type is not JSON");
  if (headers.accept !== "text/event-stream") throw new Error("no stream was asked for");
  const body = v.parse(bodySchema, JSON.parse(text));
  const tools = toolsOf(body);
  if (tools.length === 0) {
    return {
      kind: "aside",
      answer: (response) => {
        sendItem(response, messageItem({ kind: "say", text: "A plan" }, 0), 0);
      },
    };
  }
  if (!tools.includes("exec") && !tools.includes("exec_command")) {
    throw new Error("a turn without a tool to run a command");
  }
  return { kind: "turn", body };
}

/** Names of the tools that a model may call: older ones get a list, newer ones an item of the input. */
function toolsOf({ tools, input }: CodexBody): readonly string[] {
  const all = [...(tools ?? []), ...input.flatMap((item) => item.tools ?? [])];
  return all.flatMap((tool) => [tool, ...(tool.tools ?? [])]).flatMap(({ name }) => name ?? []);
}

/** Whether the model writes JavaScript that calls the tools. */
function writesCode(body: CodexBody): boolean {
  return !toolsOf(body).includes("exec_command");
}

/** Texts that the person wrote, in order. */
function personTexts({ input }: CodexBody): readonly string[] {
  return input
    .filter(({ role }) => role === "user")
    .flatMap(({ content = [] }) => content.flatMap(({ text }) => text ?? []));
}

function check(
  number: number,
  body: CodexBody,
  last: Answer | undefined,
  before: CodexBody | undefined,
): void {
  const what = `turn ${String(number + 1)}`;
  if (last === undefined || before === undefined) {
    const asked = personTexts(body).join("\n");
    if (asked.includes(PROMPT)) return;
    throw new Error(`${what}: no word of the plan: ${JSON.stringify(asked.slice(-500))}`);
  }
  switch (last.kind) {
    case "call":
      checkResult(what, body, last, number - 1);
      break;
    case "say":
      if (personTexts(body).length <= personTexts(before).length)
        throw new Error(`${what}: no question`);
      break;
    case "refuse":
    case "drop":
    case "silence":
      if (body.input.length < before.input.length)
        throw new Error(`${what}: not the same question again`);
      break;
  }
}

function checkResult(what: string, body: CodexBody, call: CallTool, number: number): void {
  const result = body.input.at(-1);
  const [type, done] = writesCode(body)
    ? ["custom_tool_call_output", '"exit_code":0']
    : ["function_call_output", "Process exited with code 0"];
  if (result?.type !== type || result.call_id !== callId(number)) {
    throw new Error(`${what}: not the result of ${callId(number)}: ${JSON.stringify(result)}`);
  }
  const { output = "" } = result;
  const text =
    typeof output === "string" ? output : output.map((part) => part.text ?? "").join("\n");
  const failed = !text.includes(done);
  if (failed !== (call.fails === true)) {
    throw new Error(`${what}: the tool ${failed ? "failed" : "did not fail"}: ${text}`);
  }
  if (call.result !== undefined && !text.includes(call.result)) {
    throw new Error(`${what}: the result lacks ${JSON.stringify(call.result)}: ${text}`);
  }
}

function send(response: ServerResponse, answer: Answer, number: number, body: CodexBody): void {
  switch (answer.kind) {
    case "say":
      sendItem(response, messageItem(answer, number), number);
      break;
    case "call":
      sendItem(response, callItem(answer, number, body), number);
      break;
    case "refuse":
      sendError(response, answer.status, answer, answer.headers);
      break;
    case "silence":
      break;
    case "drop":
      throw new Error("no script of Codex breaks a connection off");
  }
}

function sendItem(response: ServerResponse, item: object, number: number): void {
  const id = `resp_${String(number).padStart(4, "0")}`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  event(response, "response.created", {
    response: { id, object: "response", status: "in_progress" },
  });
  event(response, "response.output_item.done", { output_index: 0, item });
  const usage = {
    input_tokens: USAGE.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: USAGE.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.input + USAGE.output,
  };
  event(response, "response.completed", {
    response: { id, object: "response", status: "completed", output: [item], usage },
  });
  response.end();
}

function messageItem({ text }: Say, number: number): object {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { type: "message", id: `msg_${number}`, role: "assistant", status: "completed", content };
}

function callItem({ name, input }: CallTool, number: number, body: CodexBody): object {
  if (name !== "Bash") throw new Error(`no tool ${name} of Codex is known here`);
  const call = { call_id: callId(number), status: "completed" };
  const words = JSON.stringify({ cmd: input["command"] });
  return writesCode(body)
    ? {
        ...{ type: "custom_tool_call", id: `ctc_${number}`, ...call, name: "exec" },
        ...{ namespace: "functions", input: `text(await tools.exec_command(${words}));` },
      }
    : {
        ...{ type: "function_call", id: `fc_${number}`, ...call },
        ...{ name: "exec_command", arguments: words },
      };
}

function callId(number: number): string {
  return `call_${String(number).padStart(4, "0")}`;
}

function sendError(
  response: ServerResponse,
  status: number,
  { type, message }: { readonly type: string; readonly message: string },
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, { error: { type, message, code: null, param: null } }, headers);
}
