import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { putFile, type Guest, type GuestExecOptions } from "@cco/backend";
import { ExecaRunner } from "@cco/exec";
import { expect, it } from "vitest";

import { makeTempDir } from "../../../test/support/temp-dir.js";

/** A guest that is this machine. @param arrives of what is sent. */
function guest(dir: string, arrives = (bytes: Uint8Array): Uint8Array => bytes): Guest {
  const runner = new ExecaRunner({ cwd: dir });
  const exec = (argv: readonly string[], { stdin, ...options }: GuestExecOptions = {}) =>
    runner.run(argv, { ...options, stdin: arrives(stdin as Uint8Array) });
  return { exec } as Guest;
}

const BYTES = Buffer.from("it's\n\0bytes");

it.each(["file", "new folder/deep/it's", "-n"])("puts a file to %j, whole", async (path) => {
  const dir = makeTempDir();
  await putFile(guest(dir), path, BYTES, 0o600);
  expect(readFileSync(join(dir, path)).equals(BYTES)).toBe(true);
  expect((statSync(join(dir, path)).mode & 0o777).toString(8)).toBe("600");
});

it("puts nothing where fewer bytes arrive", async () => {
  const dir = makeTempDir();
  const putting = putFile(
    guest(dir, (bytes) => bytes.subarray(1)),
    "file",
    BYTES,
  );
  await expect(putting).rejects.toMatchObject({
    code: "TRANSFER_FAILED",
    message: "file: cut short",
  });
  expect(readdirSync(dir)).toEqual([]);
});

it("says in the guest's words that the disk is full, and leaves nothing on it", async () => {
  const dir = makeTempDir();
  symlinkSync("/dev/full", join(dir, "file.part"));
  const putting = putFile(guest(dir), "file", BYTES);
  await expect(putting).rejects.toThrow("No space left on device");
  expect(existsSync(join(dir, "file"))).toBe(false);
  expect(readdirSync(dir)).toEqual([]);
});
