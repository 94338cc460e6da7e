import type { IncomingMessage } from "node:http";

import * as v from "valibot";

const textSchema = v.looseObject({ type: v.literal("text"), text: v.string() });

const resultSchema = v.looseObject({
  type: v.literal("tool_result"),
  tool_use_id: v.string(),
  content: v.optional(v.union([v.string(), v.array(v.looseObject({ type: v.string() }))])),
  is_error: v.optional(v.boolean()),
});

const messageSchema = v.looseObject({
  role: v.picklist(["user", "assistant", "system"]),
  content: v.union([
    v.string(),
    v.array(v.union([textSchema, resultSchema, v.looseObject({ type: v.string() })])),
  ]),
});

/** What is asked of Anthropic's Messages. */
export const bodySchema = v.looseObject({
  model: v.string(),
  max_tokens: v.number(),
  stream: v.optional(v.boolean()),
  messages: v.pipe(v.array(messageSchema), v.minLength(1)),
  tools: v.optional(v.array(v.looseObject({ name: v.string() }))),
  output_config: v.optional(v.looseObject({ format: v.optional(v.unknown()) })),
});

export type Body = v.InferOutput<typeof bodySchema>;
export type ToolResult = v.InferOutput<typeof resultSchema>;

/** A key of the API, or the token of a subscription. */
export type Login = "key" | "token";

/** A request that an agent may make. */
export type Request =
  /** Is there anybody? */
  | { readonly kind: "hello" }
  | { readonly kind: "count" }
  /** Beside the conversation: a title for it. */
  | { readonly kind: "title"; readonly body: Body }
  /** A step of the conversation. */
  | { readonly kind: "turn"; readonly body: Body };

/**
 * Read a request.
 *
 * @param key what the one header of the login must hold
 * @throws {Error} no agent should ask that
 */
export async function readRequest(
  incoming: IncomingMessage,
  key: string,
  login: Login,
): Promise<Request> {
  const { method = "", url = "", headers } = incoming;
  const text = await readBody(incoming);
  const { pathname } = new URL(url, "http://model.invalid");
  if (method === "HEAD" && ["/", "/api/hello"].includes(pathname)) return { kind: "hello" };
  const known = ["/v1/messages", "/v1/messages/count_tokens"].includes(pathname);
  if (method !== "POST" || !known) throw new Error(`unexpected request: ${method} ${url}`);
  checkHeaders(headers, key, login);
  const json: unknown = JSON.parse(text);
  if (pathname.endsWith("/count_tokens")) return { kind: "count" };
  const body = v.parse(bodySchema, json);
  if (body.output_config?.format !== undefined) return { kind: "title", body };
  const tools = (body.tools ?? []).map(({ name }) => name);
  for (const needed of ["Bash", "Write"]) {
    if (!tools.includes(needed)) throw new Error(`a turn without the tool ${needed}`);
  }
  return { kind: "turn", body };
}

/** All that was sent. */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws {Error} they are not those of a request with this login */
export function checkHeaders(headers: IncomingMessage["headers"], key: string, login: Login): void {
  const [wanted, other] =
    login === "key" ? ["x-api-key", "authorization"] : ["authorization", "x-api-key"];
  const sent = headers[wanted];
  if (sent === undefined) throw new Error(`header ${wanted} is missing`);
  if (sent !== (login === "key" ? key : `Bearer ${key}`))
    throw new Error(`header ${wanted} is not the key`);
  if (headers[other] !== undefined) throw new Error(`unexpected header ${other}`);
  if (headers["anthropic-version"] !== "2023-06-01") throw new Error("anthropic-version is wrong");
  if (headers["content-type"] !== "application/json") throw new Error("content-type is not JSON");
}

/** Texts of the last message that a user wrote, in order. */
export function userTexts({ messages }: Body): readonly string[] {
  const content = messages.findLast(({ role }) => role === "user")?.content ?? [];
  if (typeof content === "string") return [content];
  return content.flatMap((part) => (v.is(textSchema, part) ? [part.text] : []));
}

/** Results of tools in the last message that a user wrote. */
export function toolResults({ messages }: Body): readonly ToolResult[] {
  const content = messages.findLast(({ role }) => role === "user")?.content ?? [];
  if (typeof content === "string") return [];
  return content.flatMap((part) => (v.is(resultSchema, part) ? [part] : []));
}

/** Text of a result. */
export function resultText({ content = "" }: ToolResult): string {
  if (typeof content === "string") return content;
  return content.map((part) => (v.is(textSchema, part) ? part.text : "")).join("");
}

/** The folder that the agent says it works in. @throws {Error} it says none */
export function workspaceOf(body: Body): string {
  const found = /Primary working directory: ([^\\\s"]+)/.exec(JSON.stringify(body))?.[1];
  if (found === undefined) throw new Error("the agent does not say where it works");
  return found;
}
