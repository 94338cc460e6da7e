import { describe, expect, test } from "vitest";

import { claudeStream } from "./claude-stream.js";

/** Lines as 2.1.197 prints them, shortened. */
const line = (event: object): string => JSON.stringify(event);

const message = (id: string, content: readonly object[], usage = {}): string =>
  line({
    type: "assistant",
    message: { id, role: "assistant", model: "claude-x", content, usage },
  });

const result = (more: object = {}): string =>
  line({
    type: "result",
    subtype: "success",
    is_error: false,
    num_turns: 2,
    result: "All done",
    total_cost_usd: 0.25,
    usage: { input_tokens: 20, cache_read_input_tokens: 5, output_tokens: 14 },
    ...more,
  });

describe("claude's stream", () => {
  test.each([
    ["what is no JSON, as it is", "plain words", "plain words"],
    ["text", message("m", [{ type: "text", text: "Let me." }]), "Let me."],
    [
      "a tool by its command",
      message("m", [
        { type: "tool_use", name: "Bash", input: { command: "ls", description: "x" } },
      ]),
      "> Bash ls",
    ],
    [
      "what a tool answered, indented",
      line({ type: "user", message: { content: [{ type: "tool_result", content: "a\nb" }] } }),
      "  a\n  b",
    ],
    ["its start, which tells nothing", line({ type: "system", subtype: "init" }), null],
    [
      "a retry",
      line({ type: "system", subtype: "api_retry", error_status: 529 }),
      "(the API answered 529, trying again)",
    ],
    ["an end, whose words came before", result(), null],
    ["a failure", result({ is_error: true, result: "API Error" }), "failed: API Error"],
    ["a broken line", '{"type":', '{"type":'],
    ["an event that is none", line({ type: 7 }), null],
  ])("shows %s", (_what, given, shown) => {
    expect(claudeStream().line(given)).toBe(shown);
  });

  test("sums its runs, and what a run that was cut off had used", () => {
    const reader = claudeStream();
    expect(reader.usage()).toBeNull();
    reader.line(message("m1", [], { input_tokens: 10, output_tokens: 1 }));
    reader.line(message("m1", [], { input_tokens: 10, output_tokens: 7 }));
    expect(reader.usage()).toEqual({ turns: 1, inputTokens: 10, outputTokens: 7, costUsd: 0 });
    reader.line(result());
    reader.line(result({ num_turns: 1 }));
    reader.line(message("m9", [], { input_tokens: 3, output_tokens: 1 }));
    expect(reader.usage()).toEqual({ turns: 4, inputTokens: 53, outputTokens: 29, costUsd: 0.5 });
  });

  test("believes no number that is none", () => {
    const reader = claudeStream();
    reader.line(
      result({
        num_turns: -5,
        total_cost_usd: "NaN",
        usage: { input_tokens: 1e300, output_tokens: "7" },
      }),
    );
    expect(reader.usage()).toEqual({ turns: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 });
  });

  test.each([
    ["nothing was said", [], null],
    ["it succeeded", [result()], false],
    ["the last run succeeded", [result({ is_error: true }), result()], false],
    ["an error", [result({ is_error: true })], true],
    ["too many turns", [result({ subtype: "error_max_turns" })], true],
    ["a command it does not know: no turn", [result({ num_turns: 0 })], true],
  ])("failed, where %s", (_how, lines, failed) => {
    const reader = claudeStream();
    for (const given of lines) reader.line(given);
    expect(reader.failed()).toBe(failed);
  });
});
