/**
 * The suite that every backend is put through: `describeConformance` in a test file of vitest,
 * with a way to make the backend. What a backend does not promise is skipped, by name.
 */
import { describe } from "vitest";

import { collectCases } from "./collect.js";
import { endingCases } from "./ending.js";
import { execCases } from "./exec.js";
import { Harness } from "./harness.js";
import { isolationCases } from "./isolation.js";
import { lifecycleCases } from "./lifecycle.js";
import { networkCases } from "./network.js";
import { streamCases } from "./streams.js";
import type { ConformanceOptions } from "./subject.js";
import { terminalCases } from "./terminal.js";

export type { ConformanceOptions, ConformanceSubject } from "./subject.js";

/** Declares the whole suite for one backend. Call it at the top of a test file. */
export function describeConformance(name: string, options: ConformanceOptions): void {
  const { unavailable } = options;
  const title = unavailable === undefined ? name : `${name} (${unavailable})`;
  describe.skipIf(unavailable !== undefined)(title, () => {
    const harness = new Harness(options);
    describe("its box", () => {
      lifecycleCases(harness);
    });
    describe("exec", () => {
      execCases(harness);
    });
    describe("streams", () => {
      streamCases(harness);
    });
    describe("the terminal", () => {
      terminalCases(harness);
    });
    describe("the end", () => {
      endingCases(harness);
    });
    describe("what a guest cannot see", () => {
      isolationCases(harness);
    });
    describe("the network", () => {
      networkCases(harness);
    });
    describe("work brought back", () => {
      collectCases(harness);
    });
  });
}
