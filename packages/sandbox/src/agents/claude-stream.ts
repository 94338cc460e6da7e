import { count, inner, parsed, record, type AgentStreamReader, type AgentUsage } from "./stream.js";

/** Characters of a tool's input or output that people are shown. */
const LONGEST = 400;

/**
 * `claude -p --output-format stream-json --verbose` (seen: 2.1.197): one event a line; `assistant`
 * and `user` messages as the API has them, at the end `result` with the sums of the run.
 */
export function claudeStream(): AgentStreamReader {
  return new ClaudeStream();
}

class ClaudeStream implements AgentStreamReader {
  #sum = { turns: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 };
  #any = false;
  #failed: boolean | null = null;
  /** Messages of a run that gave no sums yet, the last word of each. */
  #open = new Map<string, { readonly input: number; readonly output: number }>();

  line(text: string): string | null {
    const event = parsed(text);
    if (event === null) return text;
    switch (event["type"]) {
      case "assistant":
        this.#message(inner(event, "message"));
        return shown(inner(event, "message"));
      case "user":
        return shown(inner(event, "message"));
      case "result":
        return this.#result(event);
      case "system":
        return event["subtype"] === "api_retry" ? retry(event) : null;
      default:
        return null;
    }
  }

  usage(): AgentUsage | null {
    if (!this.#any) return null;
    const open = [...this.#open.values()];
    return {
      turns: this.#sum.turns + open.length,
      inputTokens: open.reduce((sum, { input }) => sum + input, this.#sum.inputTokens),
      outputTokens: open.reduce((sum, { output }) => sum + output, this.#sum.outputTokens),
      costUsd: this.#sum.costUsd,
    };
  }

  failed(): boolean | null {
    return this.#failed;
  }

  #message(message: Readonly<Record<string, unknown>>): void {
    const { id } = message;
    // What it says itself, of an error, is no message of the model.
    if (typeof id !== "string" || message["model"] === "<synthetic>") return;
    if (this.#open.size >= 100_000) return;
    this.#any = true;
    const usage = inner(message, "usage");
    this.#open.set(id, { input: inputOf(usage), output: count(usage["output_tokens"]) });
  }

  #result(event: Readonly<Record<string, unknown>>): string | null {
    const usage = inner(event, "usage");
    const cost = event["total_cost_usd"];
    this.#any = true;
    this.#open.clear();
    this.#sum.turns += count(event["num_turns"]);
    this.#sum.inputTokens += inputOf(usage);
    this.#sum.outputTokens += count(usage["output_tokens"]);
    this.#sum.costUsd += typeof cost === "number" && cost >= 0 && Number.isFinite(cost) ? cost : 0;
    // Without one turn it was asked nothing: a command that it does not know.
    this.#failed =
      event["is_error"] !== false || event["subtype"] !== "success" || event["num_turns"] === 0;
    if (!this.#failed) return null;
    const { result, subtype } = event;
    return `failed: ${typeof result === "string" ? result : String(subtype)}`;
  }
}

function inputOf(usage: Readonly<Record<string, unknown>>): number {
  const keys = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
  return keys.reduce((sum, key) => sum + count(usage[key]), 0);
}

function retry(event: Readonly<Record<string, unknown>>): string {
  return `(the API answered ${String(event["error_status"])}, trying again)`;
}

/** Text as it is, tools by name and input, results by how they begin. */
function shown(message: Readonly<Record<string, unknown>>): string | null {
  const { content } = message;
  if (!Array.isArray(content)) return null;
  const parts = (content as readonly unknown[]).flatMap((part) => {
    const block = record(part);
    if (block["type"] === "text" && message["role"] === "assistant") return [String(block["text"])];
    if (block["type"] === "tool_use") return [`> ${String(block["name"])} ${inputText(block)}`];
    if (block["type"] === "tool_result") return [indented(resultText(block["content"]))];
    return [];
  });
  const text = parts.filter((part) => part.trim() !== "").join("\n");
  return text === "" ? null : text;
}

function inputText(block: Readonly<Record<string, unknown>>): string {
  const input = inner(block, "input");
  const [first] = ["command", "file_path", "path", "pattern", "description"]
    .map((key) => input[key])
    .filter((value) => typeof value === "string");
  return shortened(first ?? JSON.stringify(input));
}

function resultText(content: unknown): string {
  if (typeof content === "string") return shortened(content);
  if (!Array.isArray(content)) return "";
  const texts = (content as readonly unknown[]).map((part) => record(part)["text"]);
  return shortened(texts.filter((text) => typeof text === "string").join("\n"));
}

function indented(text: string): string {
  return text === "" ? "" : text.replaceAll(/^/gm, "  ");
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
