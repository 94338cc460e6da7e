import { expect, it } from "vitest";

import { sh, startWaiting, type Harness } from "./harness.js";

export function lifecycleCases(harness: Harness): void {
  it("is running after create and start, which can be repeated", async () => {
    const { backend } = harness.subject;
    await backend.create();
    await backend.start();
    expect(await backend.status()).toBe("running");
    for (const check of await backend.check()) expect(check).toMatchObject({ ok: true });
  });

  it("says what it is and what it promises", async () => {
    const { backend } = harness.subject;
    expect(backend.name).toMatch(/^[a-z]+$/);
    expect(backend.box).not.toBe("");
    expect(backend.promises.networkPolicies).toContain("none");
    expect(backend.promises.networkEnforcedBy).not.toBe("");
    const { disk } = await backend.describe();
    if (disk !== null) expect(disk.freeBytes).toBeGreaterThan(0);
  });

  it("opens a guest again as it was made", async () => {
    const { backend } = harness.subject;
    const id = harness.freshId();
    const guest = await backend.openGuest(id, { env: { KEPT: "yes" } });
    expect(guest.id).toBe(id);
    await sh(guest, "echo here >file");
    const again = await backend.openGuest(id);
    expect(again.paths).toEqual(guest.paths);
    expect(await sh(again, 'echo "$KEPT"; cat file')).toBe("yes\nhere\n");
  });

  it("opens one guest several times at once", async () => {
    const id = harness.freshId();
    const guests = await Promise.all(
      Array.from({ length: 4 }, () => harness.subject.backend.openGuest(id)),
    );
    const texts = await Promise.all(guests.map((guest) => sh(guest, "echo fine")));
    expect(new Set(texts)).toEqual(new Set(["fine\n"]));
  });

  it("lists the guests that have bytes here, each with its state", async () => {
    const { backend } = harness.subject;
    const idle = await harness.guest();
    const running = await harness.guest();
    await startWaiting(running);
    const guests = await backend.guests();
    expect(guests.get(idle.id)).toEqual({ kind: "idle" });
    expect(guests.get(running.id)).toMatchObject({ kind: "running" });
    expect([...(await backend.guests(idle.id))]).toEqual([[idle.id, { kind: "idle" }]]);
    await backend.closeGuest(idle.id);
    expect((await backend.guests()).has(idle.id)).toBe(false);
    expect(await backend.guests(idle.id)).toEqual(new Map());
  });

  it("closes a guest for good, running or not, as often as asked", async () => {
    const { backend } = harness.subject;
    const id = harness.freshId();
    const guest = await backend.openGuest(id);
    await sh(guest, "echo old >old; mkdir -p ro/deep; chmod -R a-w ro");
    await startWaiting(guest);
    const waiting = guest.ended().catch((error: unknown) => error);
    await backend.closeGuest(id);
    await waiting;
    await backend.closeGuest(id);
    await backend.closeGuest("00000000");
    expect((await guest.state()).kind).toBe("absent");
    const fresh = await backend.openGuest(id);
    expect(await sh(fresh, "ls -A")).toBe("");
    expect(await fresh.state()).toEqual({ kind: "idle" });
  });

  it("closing a guest ends what runs in it", async () => {
    const guest = await harness.guest();
    const running = guest.exec(["sh", "-c", "echo >up; exec sleep 600"]).catch((e: unknown) => e);
    await sh(guest, "until [ -e up ]; do sleep 0.05; done");
    await harness.subject.backend.closeGuest(guest.id);
    expect(await running).not.toMatchObject({ exitCode: 0 });
  });

  it.each(["", "../x", "A", "a/b", "a b", "-a", "a".repeat(41)])(
    "takes no guest id like %j",
    async (id) => {
      await expect(harness.subject.backend.openGuest(id)).rejects.toThrow(TypeError);
      await expect(harness.subject.backend.closeGuest(id)).rejects.toThrow(TypeError);
    },
  );

  it("names a program that is not there", async () => {
    const opening = harness.guest({ programs: ["cco-no-such-program"] });
    await expect(opening).rejects.toMatchObject({
      code: "PROGRAM_NOT_FOUND",
      message: expect.stringContaining("cco-no-such-program") as string,
    });
  });
}
