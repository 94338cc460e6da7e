import type { Answer, CallTool } from "./answers.js";
import { resultText, toolResults, userTexts, type Body } from "./requests.js";
import { toolId } from "./wire.js";

/**
 * Whether the conversation goes on as the answer before demands.
 *
 * @param number of the request, from 0
 * @param last what the model answered before
 * @param before the request that it answered
 * @param begins what is wrong with the first question, or `null`
 * @throws {Error} it does not
 */
export function checkTurn(
  number: number,
  body: Body,
  last: Answer | undefined,
  before: Body | undefined,
  begins: (asked: string) => string | null,
): void {
  const what = `turn ${String(number + 1)}`;
  if (body.stream !== true && last?.kind !== "drop") throw new Error(`${what}: without a stream`);
  if (last === undefined || before === undefined) {
    const asked = userTexts(body).join("\n");
    const wrong = begins(asked);
    if (wrong === null) return;
    throw new Error(`${what}: ${wrong}: ${JSON.stringify(asked.slice(-500))}`);
  }
  switch (last.kind) {
    case "call":
      checkResult(what, body, last, toolId(number - 1));
      break;
    case "say":
      if (toolResults(body).length > 0) throw new Error(`${what}: a result nobody asked for`);
      if (body.messages.length <= before.messages.length) throw new Error(`${what}: no question`);
      break;
    case "refuse":
      if (last.headers?.["x-should-retry"] !== "false") checkAgain(what, body, before);
      break;
    case "drop":
    case "silence":
      checkAgain(what, body, before);
      break;
  }
}

function checkAgain(what: string, body: Body, before: Body): void {
  if (userTexts(body).join("\n") === userTexts(before).join("\n")) return;
  throw new Error(`${what}: not the same question again`);
}

function checkResult(what: string, body: Body, call: CallTool, id: string): void {
  const results = toolResults(body);
  const [result] = results;
  if (result === undefined || results.length > 1 || result.tool_use_id !== id) {
    const ids = results.map(({ tool_use_id }) => tool_use_id).join(", ");
    throw new Error(`${what}: not the one result of ${id}: ${ids === "" ? "none" : ids}`);
  }
  const text = resultText(result);
  const failed = result.is_error === true;
  if (failed !== (call.fails === true)) {
    throw new Error(`${what}: the tool ${failed ? "failed" : "did not fail"}: ${text}`);
  }
  if (call.result !== undefined && !text.includes(call.result)) {
    throw new Error(`${what}: the result lacks ${JSON.stringify(call.result)}: ${text}`);
  }
}
