import { mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, afterEach, expect, test } from "vitest";

import { tryWithLock, withLock } from "./lock.js";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cco-lock-"));
  path = join(folder, "a.lock");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const lost = (cause: unknown): Error => new Error("lost", { cause });
const options = { retryMs: 1, lost };

/** As another process takes over a lock whose holder was stopped. */
async function takenOver(signal: AbortSignal): Promise<void> {
  const stopped = once(signal, "abort");
  rmSync(path, { recursive: true });
  mkdirSync(path);
  utimesSync(path, 1, 1);
  await stopped;
}

test("held by another: not now, then in turn", async () => {
  const inside = await withLock(path, options, async () =>
    tryWithLock(path, options, async () => 1),
  );
  expect(inside).toBeUndefined();
  expect(await tryWithLock(path, options, async () => 1)).toEqual({ value: 1 });
});

test("who waits is told once, and may stop waiting", async () => {
  const stop = new AbortController();
  let waits = 0;
  const onWait = (): void => {
    waits += 1;
    stop.abort(new Error("enough"));
  };
  const inside = withLock(path, options, async () =>
    withLock(path, { ...options, onWait, signal: stop.signal }, async () => 1),
  );
  await expect(inside).rejects.toThrow("enough");
  expect(waits).toBe(1);
});

test("a lock that another took over stops the work and is an error", async () => {
  await expect(withLock(path, options, takenOver)).rejects.toThrow("lost");
});

test("a lock that the work removed is none that was lost", async () => {
  const seen = new AbortController();
  const isRemoved = (): boolean => {
    seen.abort();
    return true;
  };
  const work = async (): Promise<number> => {
    rmSync(path, { recursive: true });
    await once(seen.signal, "abort");
    return 1;
  };
  expect(await withLock(path, { ...options, isRemoved }, work)).toBe(1);
});

test("a lock that cannot be made says why, in the caller's words", async () => {
  const missing = join(folder, "none/a.lock");
  await expect(withLock(missing, options, async () => 1)).rejects.toMatchObject({ code: "ENOENT" });
  const notMade = async (cause: unknown): Promise<Error> => new Error("no folder", { cause });
  const named = withLock(missing, { ...options, notMade }, async () => 1);
  await expect(named).rejects.toThrow("no folder");
});
