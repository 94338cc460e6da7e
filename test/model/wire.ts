import type { ServerResponse } from "node:http";

import { USAGE, type Answer, type CallTool, type Say, type Usage } from "./answers.js";
import type { Body } from "./requests.js";

/** Bytes of a text in one event. */
const PIECE = 16_384;

interface Block {
  readonly start: object;
  readonly deltas: readonly object[];
  /** The same where there is no stream. */
  readonly whole: object;
  readonly stop: "end_turn" | "tool_use";
  readonly usage: Usage;
}

/** Id of the tool call that answers request `number`. */
export function toolId(number: number): string {
  return `toolu_${String(number).padStart(4, "0")}`;
}

/** Begins like a real key, and is none. */
export function newAnthropicKey(): string {
  return `sk-ant-api03-${crypto.randomUUID().replaceAll("-", "")}`;
}

/** @param toolName how the agent names a tool. Default: as the script does */
export function send(
  response: ServerResponse,
  answer: Answer,
  number: number,
  body: Body,
  toolName = (name: string): string => name,
): void {
  switch (answer.kind) {
    case "say":
    case "call":
      sendAnswer(response, answer, number, body, toolName);
      break;
    case "refuse":
      sendError(response, answer.status, answer, answer.headers);
      break;
    case "drop":
      sendBroken(response, answer.text, number, body.model);
      break;
    case "silence":
      break;
  }
}

/** Say that a request was none of the script's. */
export function refuseRequest(response: ServerResponse, message: string): void {
  sendError(response, 400, { type: "invalid_request_error", message });
}

/** Answer in the way that was asked for: as server-sent events, or as one value. */
export function sendAnswer(
  response: ServerResponse,
  answer: Say | CallTool,
  number: number,
  { model, stream }: Body,
  toolName = (name: string): string => name,
): void {
  const block =
    answer.kind === "say" ? textBlock(answer) : toolBlock(answer, number, toolName(answer.name));
  if (stream === true) sendStream(response, block, number, model);
  else sendJson(response, 200, { ...messageOf(block, number, model), content: [block.whole] });
}

function sendStream(response: ServerResponse, block: Block, number: number, model: string): void {
  begin(response, block, number, model);
  for (const delta of block.deltas) event(response, "content_block_delta", { index: 0, delta });
  event(response, "content_block_stop", { index: 0 });
  event(response, "message_delta", {
    delta: { stop_reason: block.stop, stop_sequence: null },
    usage: { output_tokens: block.usage.output },
  });
  event(response, "message_stop", {});
  response.end();
}

/** Begin a text and break the connection off. */
function sendBroken(response: ServerResponse, text: string, number: number, model: string): void {
  const block = textBlock({ kind: "say", text });
  begin(response, block, number, model);
  const [delta] = block.deltas;
  const told = `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta })}\n\n`;
  response.write(told, () => response.destroy());
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

function sendError(
  response: ServerResponse,
  status: number,
  { type, message }: { readonly type: string; readonly message: string },
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, { type: "error", error: { type, message } }, headers);
}

function textBlock({ text, usage }: Say): Block {
  const pieces = text.match(new RegExp(`[^]{1,${String(PIECE)}}`, "g")) ?? [];
  return {
    start: { type: "text", text: "" },
    deltas: pieces.map((piece) => ({ type: "text_delta", text: piece })),
    whole: { type: "text", text },
    stop: "end_turn",
    usage: usage ?? USAGE,
  };
}

function toolBlock({ input, usage }: CallTool, number: number, name: string): Block {
  return {
    start: { type: "tool_use", id: toolId(number), name, input: {} },
    deltas: [{ type: "input_json_delta", partial_json: JSON.stringify(input) }],
    whole: { type: "tool_use", id: toolId(number), name, input },
    stop: "tool_use",
    usage: usage ?? USAGE,
  };
}

function begin(response: ServerResponse, block: Block, number: number, model: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const whole = messageOf(block, number, model);
  const message = { ...whole, stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } };
  event(response, "message_start", { message });
  event(response, "content_block_start", { index: 0, content_block: block.start });
}

function messageOf(block: Block, number: number, model: string) {
  return {
    id: `msg_${String(number).padStart(4, "0")}`,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: block.stop,
    stop_sequence: null,
    usage: {
      input_tokens: block.usage.input,
      output_tokens: block.usage.output,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
}

/** Write one server-sent event. */
export function event(response: ServerResponse, type: string, data: object): void {
  response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
}
