import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { BUILT_IN_AGENTS } from "@cco/sandbox";
import { describe, expect, test } from "vitest";

import { makeTempDir } from "../../../../test/support/temp-dir.js";
import { redactor } from "./redact.js";

const nowhere = (): string => "/nonexistent/config.json";

describe("what is shown", () => {
  test.each(BUILT_IN_AGENTS.flatMap(({ credentials }) => credentials?.keys ?? []))(
    "holds no value of %s",
    (name) => {
      const hide = redactor({ [name]: "a-very-secret-value" }, nowhere);
      expect(hide("no such plan: x/a-very-secret-value.md, a-very-secret-value")).toBe(
        `no such plan: x/[${name}].md, [${name}]`,
      );
    },
  );

  test("nor of a variable that the configuration gives to an agent", () => {
    const file = join(makeTempDir("rd"), "config.json");
    const agents = { mine: { env: ["DATABASE", "OPENAI_BASE_URL"] }, other: {} };
    writeFileSync(file, JSON.stringify({ agents }));
    const env = {
      DATABASE: "user:password@db",
      OPENAI_BASE_URL: "http://127.0.0.1:1",
      HOME: "/home/me",
    };
    expect(redactor(env, () => file)("user:password@db http://127.0.0.1:1 /home/me")).toBe(
      "[DATABASE] http://127.0.0.1:1 /home/me",
    );
    writeFileSync(file, "{ not json");
    expect(redactor(env, () => file)("user:password@db")).toBe("user:password@db");
  });

  test("nor a part that was cut, nor one as JSON has it, nor a longer one by its beginning", () => {
    const env = {
      A_TOKEN: 'quoted"and-long',
      B_TOKEN: "secret-secret",
      C_TOKEN: "secret-secret-two",
    };
    const hide = redactor(env, nowhere);
    expect(hide("sh -c secret-secr… (cut)")).toMatch(/^sh -c \[[BC]_TOKEN\]… \(cut\)$/);
    expect(hide(JSON.stringify({ said: env.A_TOKEN }))).toBe('{"said":"[A_TOKEN]"}');
    expect(hide("secret-secret-two secret-secret")).toBe("[C_TOKEN] [B_TOKEN]");
  });

  test("a short value is no secret that could be found", () => {
    expect(redactor({ A_TOKEN: "main" }, nowhere)("main")).toBe("main");
  });
});
