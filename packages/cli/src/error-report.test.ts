import { BackendError } from "@cco/backend";
import { CcoError } from "@cco/exec";
import { describe, expect, it } from "vitest";

import { ERROR_EXITS } from "./error-exits.js";
import { reportOf } from "./error-report.js";
import { CliError } from "./errors.js";
import { EXIT } from "./exit-codes.js";

describe("reportOf", () => {
  it("takes code, message and hint of an error of ours", () => {
    const error = new BackendError("BOX_MISSING", "sandbox not created", {
      hint: "cco box create",
    });
    expect(reportOf(error, undefined)).toEqual({
      code: "BOX_MISSING",
      message: "sandbox not created",
      hint: "cco box create",
      exitCode: 7,
      details: [],
    });
  });

  it("a code that no package declares is a plain failure, whatever its name", () => {
    expect(reportOf(new CcoError("constructor", "odd"), undefined).exitCode).toBe(1);
  });

  it("what fails after a signal failed because of it", () => {
    const error = new CliError("USAGE", "never mind");
    expect(reportOf(error, EXIT.interrupted)).toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect(reportOf(error, EXIT.terminated)).toMatchObject({ code: "TERMINATED", exitCode: 143 });
  });

  it("keeps the stack of what nobody expected apart", () => {
    const report = reportOf(new TypeError("x is not a function"), undefined);
    expect(report).toMatchObject({
      code: "UNEXPECTED",
      message: "x is not a function",
      exitCode: 1,
    });
    expect(report.stack).toContain("TypeError");
  });
});

it("every exit code of the table is one that is documented", () => {
  const documented = new Set<number>(Object.values(EXIT));
  expect(Object.values(ERROR_EXITS).every((code) => documented.has(code))).toBe(true);
});
