import { expect, it } from "vitest";

import { hermeticEnv, makeTempDir, PERSON, TestRepo } from "../support/repo.js";
import { hasTmux, TestTmux } from "../support/tmux.js";
import { waitFor } from "../support/wait-for.js";

it("gives an environment that names nothing outside its folder but programs", () => {
  const dir = makeTempDir();
  const outside = Object.entries(hermeticEnv(dir))
    .filter(([, value]) => value.includes("/") && !value.startsWith(dir))
    .map(([name]) => name);
  const programs = ["PATH", "SHELL", "NODE_EXTRA_CA_CERTS", "COREPACK_HOME"];
  expect(outside.filter((name) => !programs.includes(name))).toEqual([]);
});

it("makes real repositories with the person's name", () => {
  const repo = TestRepo.withCommit();
  expect(repo.git("log", "--format=%an <%ae> %s")).toBe(`${PERSON.name} <${PERSON.email}> first`);
  expect(repo.git("branch", "--show-current")).toBe("main");
});

it("waits for a condition and says what was last seen", async () => {
  let calls = 0;
  expect(await waitFor(() => (++calls < 3 ? null : calls))).toBe(3);
  const never = waitFor(() => Promise.reject(new Error("nope")), { timeoutMs: 1, what: "x" });
  await expect(never).rejects.toThrow("waited in vain for x; last seen: nope");
});

it.skipIf(!hasTmux())("runs a private tmux server", async () => {
  const env = hermeticEnv(makeTempDir());
  const tmux = new TestTmux(env);
  tmux.newSession("one", ["sh", "-c", "echo hello; exec cat"]);
  await tmux.waitForText("=one:", "hello");
  expect(tmux.panes()).toHaveLength(1);
  tmux.kill();
  expect(tmux.panes()).toEqual([]);
});
