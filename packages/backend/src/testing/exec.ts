import { RunError } from "@cco/exec";
import { expect, it } from "vitest";

import { AWKWARD } from "./awkward.js";
import { sh, type Harness } from "./harness.js";

export function execCases(harness: Harness): void {
  it.each([0, 3, 127, 255])("gives exit code %i as it is", async (code) => {
    const guest = await harness.guest();
    const result = await guest.exec(["sh", "-c", `echo out; echo err >&2; exit ${code}`]);
    expect(result).toMatchObject({ exitCode: code, signal: null, stderr: "err\n" });
    expect(result.stdout.toString()).toBe("out\n");
  });

  it("gives 128 + its number for a signal", async () => {
    const guest = await harness.guest();
    expect((await guest.exec(["sh", "-c", "kill -KILL $$"])).exitCode).toBe(137);
    expect((await guest.exec(["sh", "-c", "kill -TERM $$"])).exitCode).toBe(143);
  });

  it("does not succeed with a program that is not there", async () => {
    const guest = await harness.guest();
    const outcome = await guest.exec(["cco-no-such-program"]).catch((error: unknown) => error);
    if (!(outcome instanceof RunError)) expect(outcome).not.toMatchObject({ exitCode: 0 });
  });

  it("passes every argument byte for byte", async () => {
    const guest = await harness.guest();
    const result = await guest.exec(["sh", "-c", 'printf "%s\\0" "$@"', "sh", ...AWKWARD]);
    expect(result.stderr).toBe("");
    expect(result.stdout.toString().split("\0").slice(0, -1)).toEqual(AWKWARD);
  });

  it("passes variables byte for byte", async () => {
    const guest = await harness.guest({ env: { OF_GUEST: "it's\n$(x)" } });
    const values = AWKWARD.filter((value) => value.length < 1000);
    const env = Object.fromEntries(values.map((value, index) => [`V${index}`, value]));
    const script = `printf '%s\\0' "$OF_GUEST" ${values.map((_, index) => `"$V${index}"`).join(" ")}`;
    const text = await sh(guest, script, [], { env });
    expect(text.split("\0").slice(0, -1)).toEqual(["it's\n$(x)", ...values]);
  });

  it("runs in the workspace, or where it is told", async () => {
    const guest = await harness.guest();
    const { workspace, exchange, home } = guest.paths;
    expect(await sh(guest, "pwd -P")).toBe(`${workspace}\n`);
    expect(await sh(guest, "pwd -P", [], { cwd: exchange })).toBe(`${exchange}\n`);
    expect(await sh(guest, 'cd && pwd && echo "$HOME"')).toBe(`${home}\n${home}\n`);
  });

  it("gives a stdin that is empty, text, or bytes", async () => {
    const guest = await harness.guest();
    expect(await sh(guest, "cat")).toBe("");
    expect(await sh(guest, "cat", [], { stdin: "täxt\n" })).toBe("täxt\n");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const result = await guest.exec(["cat"], { stdin: bytes });
    expect([...result.stdout]).toEqual([...bytes]);
  });

  it("keeps what it writes for the next one", async () => {
    const guest = await harness.guest();
    await sh(guest, 'echo w >w; echo e >"$1/e"; echo h >~/h', [guest.paths.exchange]);
    expect(await sh(guest, 'cat w "$1/e" ~/h', [guest.paths.exchange])).toBe("w\ne\nh\n");
  });

  it("runs several at once", async () => {
    const guest = await harness.guest();
    const numbers = Array.from({ length: 8 }, (_, index) => String(index));
    const texts = await Promise.all(numbers.map((number) => sh(guest, 'echo "$1"', [number])));
    expect(texts).toEqual(numbers.map((number) => `${number}\n`));
  });

  it.each([
    ["a time limit", () => ({ timeoutMs: 300 }), "COMMAND_TIMED_OUT"],
    ["an abort", () => ({ signal: AbortSignal.timeout(300) }), "COMMAND_ABORTED"],
  ])("ends a program at %s, and all it started", async (_name, options, code) => {
    const guest = await harness.guest();
    const script = "command -v flock >/dev/null || exit 0; (flock lock sleep 600) & wait";
    const lockable = (await guest.exec(["sh", "-c", "command -v flock"])).exitCode === 0;
    const program = lockable ? ["sh", "-c", script] : ["sleep", "600"];
    await expect(guest.exec(program, options())).rejects.toMatchObject({ code });
    // The lock is free once every process that held it is gone.
    if (lockable) await sh(guest, "flock lock true");
  });

  it("does not collect more than it is told to", async () => {
    const guest = await harness.guest();
    const running = guest.exec(["sh", "-c", "while :; do echo 0123456789; done"], {
      maxBuffer: 100_000,
    });
    await expect(running).rejects.toMatchObject({ code: "COMMAND_OUTPUT_TOO_LARGE" });
  });
}
