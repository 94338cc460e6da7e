import { describe, expect, it } from "vitest";

import { readRefusal } from "./land-refusal.js";

// Captured from git 2.39.5.
describe("readRefusal", () => {
  it("reads lists of files", () => {
    const stderr = [
      "error: Your local changes to the following files would be overwritten by merge:",
      "\tsrc/a.txt",
      "\tsrc/b c.txt",
      "error: The following untracked working tree files would be overwritten by merge:",
      "\tnotes.txt",
      "Please move or remove them before you merge.",
      "Aborting",
      "",
    ].join("\n");
    expect(readRefusal(stderr)).toEqual(["src/a.txt", "src/b c.txt", "notes.txt"]);
  });

  it("reads a folder with files that would be lost", () => {
    const stderr =
      "error: Updating the following directories would lose untracked files in them:\n\tout\n\nAborting\n";
    expect(readRefusal(stderr)).toEqual(["out"]);
  });

  it("reads a single entry", () => {
    expect(readRefusal("error: Entry 'src/a.txt' not uptodate. Cannot merge.\n")).toEqual([
      "src/a.txt",
    ]);
  });

  it("is null for another refusal", () => {
    expect(readRefusal("fatal: Not possible to fast-forward, aborting.\n")).toBeNull();
  });
});
