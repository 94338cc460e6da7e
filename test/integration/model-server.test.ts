import { request } from "node:http";

import { describe, expect, it } from "vitest";

import {
  always,
  badBash,
  bash,
  refuse,
  say,
  SILENCE,
  USAGE,
  type Answer,
} from "../model/answers.js";
import { claude } from "../model/claude.js";
import { codex } from "../model/codex.js";
import { ModelServer } from "../model/model-server.js";
import { opencode } from "../model/opencode.js";

const SKILL = "<command-name>/executing-plans-in-sandbox</command-name>";
const call = bash("true", "fine");
const OVER = refuse(529, "overloaded_error", "busy", { "retry-after": "1" });

/** What an agent would send after some messages. */
function turn(...messages: object[]): object {
  const tools = [{ name: "Bash" }, { name: "Write" }];
  return { model: "m", max_tokens: 1, stream: true, tools, messages };
}
const PROMPT = { role: "user", content: SKILL };

function resultOf(id: string, content: string, failed = false): object {
  return {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: id, content, is_error: failed }],
  };
}

interface Got {
  readonly status: number;
  readonly text: string;
  readonly whole: boolean;
}

function ask(
  model: ModelServer<unknown>,
  body: object | undefined,
  { method = "POST", path = "/v1/messages", headers = {} } = {},
): Promise<Got> {
  const sent = {
    "x-api-key": model.key,
    "anthropic-version": "2023-06-01",
    "content-type": "application/json",
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request(`http://${model.host}${path}`, { method, headers: sent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("close", () => {
        resolve({ status: response.statusCode ?? 0, text, whole: response.complete });
      });
      response.on("error", () => undefined);
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Play `bodies` against a script. @returns the problems that the server saw */
async function play(script: readonly Answer[], bodies: readonly object[]): Promise<string> {
  const model = await ModelServer.start(script, claude());
  for (const body of bodies) await ask(model, body);
  return (await model.stop()).join("; ");
}

describe("the scripted model server", () => {
  it("plays a script to its end", async () => {
    const model = await ModelServer.start([bash("true", "done"), OVER, say("All done.")], claude());
    expect(await ask(model, undefined, { method: "HEAD", path: "/" })).toMatchObject({
      status: 200,
    });
    expect((await ask(model, turn(PROMPT))).text).toContain('"name":"Bash"');
    const result = turn(PROMPT, resultOf("toolu_0000", "done"));
    expect((await ask(model, result)).status).toBe(529);
    const { text } = await ask(model, result);
    expect(text).toContain("All done.");
    expect(text).toContain(`"output_tokens":${String(USAGE.output)}`);
    expect(await model.stop()).toEqual([]);
  });

  it("breaks a stream off, may be asked without one then, and stays silent", async () => {
    const model = await ModelServer.start(
      [{ kind: "drop", text: "half" }, call, SILENCE],
      claude(),
    );
    expect(await ask(model, turn(PROMPT))).toMatchObject({ status: 200, whole: false });
    const { text } = await ask(model, { ...turn(PROMPT), stream: false });
    expect(JSON.parse(text)).toMatchObject({
      stop_reason: "tool_use",
      content: [{ type: "tool_use", id: "toolu_0001", name: "Bash" }],
    });
    const result = resultOf("toolu_0001", "fine");
    const silent = ask(model, turn(PROMPT, result)).catch(() => "gone");
    await expect.poll(() => model.turns.length).toBe(3);
    expect(await model.stop()).toEqual([]);
    expect(await silent).toBe("gone");
  });

  it("refuses for good where the script says so", async () => {
    const model = await ModelServer.start(
      [always(refuse(401, "authentication_error", "no"))],
      claude(),
    );
    for (let i = 0; i < 3; i += 1) expect((await ask(model, turn(PROMPT))).status).toBe(401);
    expect(await model.stop()).toEqual([]);
  });

  it.each<[string, string, Parameters<typeof ask>[2]]>([
    ["another path", "unexpected request: POST /v1/complete", { path: "/v1/complete" }],
    ["another method", "unexpected request: PUT /v1/messages", { method: "PUT" }],
    ["another key", "header x-api-key is not the key", { headers: { "x-api-key": "sk-other" } }],
    ["a second key", "unexpected header authorization", { headers: { authorization: "Bearer x" } }],
  ])("refuses %s", async (_, problem, options) => {
    const model = await ModelServer.start([], claude());
    expect((await ask(model, turn(PROMPT), options)).status).toBe(400);
    expect(await model.stop()).toEqual([problem]);
  });

  it.each<[string, string, readonly Answer[], readonly object[]]>([
    ["a turn too many", "turn 2: the script is over", [say("x")], [turn(PROMPT), turn(PROMPT)]],
    ["a script not played", "1 turns of the script were not asked for", [say("x")], []],
    [
      "no skill",
      "turn 1: the skill was not called",
      [say("x")],
      [turn({ role: "user", content: "hi" })],
    ],
    [
      "no result",
      "turn 2: not the one result of toolu_0000: none",
      [call, call],
      [turn(PROMPT), turn(PROMPT)],
    ],
    [
      "a result of another call",
      "not the one result of toolu_0000: toolu_9",
      [call, call],
      [turn(PROMPT), turn(PROMPT, resultOf("toolu_9", "fine"))],
    ],
    [
      "a tool that failed",
      "turn 2: the tool failed: fine",
      [call, call],
      [turn(PROMPT), turn(PROMPT, resultOf("toolu_0000", "fine", true))],
    ],
    [
      "a tool that should have failed",
      "turn 2: the tool did not fail: fine",
      [badBash("false", "fine"), call],
      [turn(PROMPT), turn(PROMPT, resultOf("toolu_0000", "fine"))],
    ],
    [
      "another result",
      'turn 2: the result lacks "fine": bad',
      [call, call],
      [turn(PROMPT), turn(PROMPT, resultOf("toolu_0000", "bad"))],
    ],
    [
      "another question after an error",
      "turn 2: not the same question again",
      [OVER, call],
      [turn(PROMPT), turn(PROMPT, { role: "user", content: "another" })],
    ],
    ["no stream", "turn 1: without a stream", [say("x")], [{ ...turn(PROMPT), stream: false }]],
  ])("names %s", async (_, problem, script, bodies) => {
    expect(await play(script, bodies)).toContain(problem);
  });
});

describe("of Codex and opencode", () => {
  const PLAN = "Carry out the plan in the file docs/plan.md.";
  const shell = { type: "function", name: "exec_command" };
  const question = { type: "message", role: "user", content: [{ type: "input_text", text: PLAN }] };
  const asks = (...input: object[]): object => ({
    ...{ model: "m", stream: true, store: false, tools: [shell] },
    input: [question, ...input],
  });
  const output = (text: string, id = "call_0000"): object => ({
    ...{ type: "function_call_output", call_id: id, output: text },
  });
  const DONE = "Process exited with code 0\nfine";

  async function tell(script: readonly Answer[], bodies: readonly object[], path?: string) {
    const model = await ModelServer.start(script, codex);
    const answers: string[] = [];
    for (const body of bodies) {
      const headers = { authorization: `Bearer ${model.key}`, accept: "text/event-stream" };
      answers.push((await ask(model, body, { path: path ?? "/v1/responses", headers })).text);
    }
    return { answers, problems: (await model.stop()).join("; ") };
  }

  it("plays a script to its end, and gives a title beside it", async () => {
    const title = { ...asks(), tools: [] };
    const script = [call, refuse(429, "usage_limit_reached", "no"), say("All done.")];
    const bodies = [asks(), title, asks(output(DONE)), asks(output(DONE))];
    const { answers, problems } = await tell(script, bodies);
    expect(problems).toBe("");
    expect(answers[0]).toContain('"name":"exec_command"');
    expect(answers[1]).toContain("A plan");
    expect(answers[2]).toContain('"type":"usage_limit_reached"');
    expect(answers[3]).toContain("All done.");
  });

  it("calls a newer model's tools in code", async () => {
    const tools = [{ name: "functions", tools: [{ name: "exec" }] }];
    const body = { ...asks({ type: "additional_tools", tools }), tools: undefined };
    const { answers, problems } = await tell([call], [body]);
    expect(problems).toBe("");
    expect(answers[0]).toContain("await tools.exec_command(");
  });

  it.each<[string, string, readonly Answer[], readonly object[]]>([
    ["a turn too many", "turn 2: the script is over", [say("x")], [asks(), asks()]],
    ["another question", "no word of the plan", [say("x")], [{ ...asks(), input: [shell] }]],
    ["no result", "turn 2: not the result of call_0000", [call, call], [asks(), asks()]],
    [
      "another's result",
      "turn 2: not the result of call_0000",
      [call, call],
      [asks(), asks(output(DONE, "call_9"))],
    ],
    [
      "a tool that failed",
      "turn 2: the tool failed",
      [call, call],
      [asks(), asks(output("Process exited with code 1"))],
    ],
    [
      "a result that lacks something",
      'turn 2: the result lacks "fine"',
      [call, call],
      [asks(), asks(output("Process exited with code 0"))],
    ],
    [
      "no tools to work with",
      "without a tool",
      [say("x")],
      [{ ...asks(), tools: [{ name: "other" }] }],
    ],
  ])("refuses %s", async (_, problem, script, bodies) => {
    expect((await tell(script, bodies)).problems).toContain(problem);
  });

  it("refuses another path and another key", async () => {
    expect((await tell([], [asks()], "/v1/models")).problems).toContain("unexpected request");
    const model = await ModelServer.start([], codex);
    await ask(model, asks(), { path: "/v1/responses", headers: { authorization: "Bearer x" } });
    expect(await model.stop()).toEqual(["header authorization is not the key"]);
  });

  it("asks opencode for its own tool and its own first words", async () => {
    const body = (text: string, tool: string): object => ({
      ...{ model: "m", max_tokens: 1, stream: true, tools: [{ name: tool }] },
      messages: [{ role: "user", content: [{ type: "text", text }] }],
    });
    const model = await ModelServer.start([call], opencode);
    expect((await ask(model, body(PLAN, "Bash"))).status).toBe(400);
    expect((await ask(model, body(PLAN, "bash"))).text).toContain('"name":"bash"');
    expect(await model.stop()).toEqual(["a turn without the tool bash"]);
    const other = await ModelServer.start([call], opencode);
    await ask(other, body("hi", "bash"));
    expect((await other.stop()).join()).toContain("turn 1: no word of the plan");
  });
});
