import { existsSync } from "node:fs";
import { join } from "node:path";

import { Sandbox } from "@cco/sandbox";
import { expect, it } from "vitest";

import { made, work } from "./losing-box.js";

const COMMIT = "echo a >a && git add a && git commit -qm 'add a'";

it("uncommitted work over the cap: the commits land, its copy is kept until it came or is given up", async () => {
  const { repo, backend, sandbox, options, sessionId, guest, exchange, events } = await made(null);
  const small = new Sandbox({ ...options, intake: { maxBundleBytes: 20_000 } });
  await work(guest, `${COMMIT}; head -c 100000 /dev/urandom >big`);
  guest.end();
  expect(await small.pull(sessionId)).toMatchObject({ pulled: true, result: { salvaged: false } });
  expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  expect(backend.here.has(sessionId)).toBe(true);
  const said = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
  expect(said.join("\n")).toContain(`try again: \`cco box pull ${sessionId}\``);

  expect((await sandbox.gc()).kept).toEqual([{ kind: "session", id: sessionId, why: "unpulled" }]);
  await expect(sandbox.remove(sessionId)).rejects.toMatchObject({
    code: "UNPULLED_WORK",
    hint: `bring it: \`cco box pull ${sessionId}\`; --force throws it away`,
  });
  await small.pull(sessionId);
  expect(backend.here.has(sessionId)).toBe(true);

  const again = await sandbox.pull(sessionId);
  expect(again).toMatchObject({ alreadyPulled: true, landed: null, result: { salvaged: true } });
  expect(repo.git("ls-tree", "--name-only", `refs/cco/salvage/${sessionId}`)).toContain("big");
  expect(backend.here.has(sessionId)).toBe(false);
  expect(existsSync(join(exchange, "collected"))).toBe(false);
  await sandbox.remove(sessionId);
});

it("its box gone, what was over the cap is gone too: pulled, and free to be removed", async () => {
  const { backend, sandbox, options, sessionId, guest } = await made(null);
  const small = new Sandbox({ ...options, intake: { maxBundleBytes: 20_000 } });
  await work(guest, `${COMMIT}; head -c 100000 /dev/urandom >big`);
  guest.end();
  await small.pull(sessionId);
  await backend.closeGuest(sessionId);
  expect(await sandbox.pull(sessionId)).toMatchObject({ alreadyPulled: true });
  await sandbox.remove(sessionId);
});

it("uncommitted work that is refused stays on the host when its guest is given back", async () => {
  const { repo, backend, sandbox, sessionId, guest, exchange } = await made(null);
  const deep = "d/".repeat(250);
  await work(guest, `${COMMIT}; mkdir -p ${deep}; echo x >${deep}x`);
  guest.end();
  expect(await sandbox.pull(sessionId)).toMatchObject({
    pulled: true,
    result: { salvaged: false },
  });
  expect(repo.git("log", "--format=%s", "main")).toBe("add a\nfirst");
  expect(backend.here.has(sessionId)).toBe(false);
  const kept = join(exchange, "kept.1");
  expect(existsSync(join(kept, "salvage.bundle"))).toBe(true);
  await expect(sandbox.remove(sessionId)).rejects.toMatchObject({
    code: "UNPULLED_WORK",
    hint: `it is in ${kept}; --force throws it away`,
  });
  await sandbox.pull(sessionId);
  expect(existsSync(join(kept, "salvage.bundle"))).toBe(true);
  await sandbox.remove(sessionId, { force: true });
});
