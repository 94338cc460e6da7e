import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import type { Guest, SandboxBackend } from "@cco/backend";
import type { LocalBackend } from "@cco/local";
import type { PulledSession, PullOptions } from "@cco/sandbox";
import { describe, expect, it } from "vitest";

import { makeFixture, planOf, type Fixture } from "../../packages/sandbox/test/support.js";
import { TestRepo } from "../support/repo.js";

// SECURITY, the whole way: an agent that does its worst in the real box, and the real pull.

interface Run {
  readonly fixture: Fixture;
  readonly sessionId: string;
  /** The host before the pull: files, configuration, hooks, branches. */
  readonly before: string;
  /** Made if anything of the guest's runs on the host: not to be reached from inside the box. */
  readonly owned: string;
  pull(options?: PullOptions): Promise<PulledSession>;
}

/** Push a plan whose agent runs `script`, and let it end. `OWNED` in it is the path of a mark. */
async function run(script: string, repo: TestRepo = TestRepo.withCommit()): Promise<Run> {
  const fixture = makeFixture(repo);
  const owned = join(repo.env["TMPDIR"] ?? "", "owned");
  repo.write({ "../plans/plan.md": planOf(script.replaceAll("OWNED", owned)) });
  const planPath = repo.path("../plans/plan.md");
  const { sessionId } = await fixture.sandbox.prepare({
    repoRoot: repo.dir,
    planPath,
    agent: "runbook",
  });
  const before = stateOf(repo);
  await fixture.sandbox.launch(sessionId);
  await fixture.sandbox.wait(sessionId, { timeoutMs: 60_000 });
  const pull = (options: PullOptions = {}): Promise<PulledSession> =>
    fixture.sandbox.pull(sessionId, { timeoutMs: 60_000, ...options });
  return { fixture, sessionId, before, owned, pull };
}

function stateOf(repo: TestRepo): string {
  const hash = createHash("sha256");
  for (const name of [".git/config", ".git/HEAD", ".git/index"])
    hash.update(readFileSync(repo.path(name)));
  hash.update(readdirSync(repo.path(".git/hooks")).join());
  hash.update(repo.git("for-each-ref", "refs/heads", "refs/tags", "refs/replace", "refs/remotes"));
  hash.update(repo.git("status", "--porcelain", "--ignored"));
  hash.update(readdirSync(repo.dir).join());
  hash.update(readdirSync(repo.env["HOME"] ?? "").join());
  return hash.digest("hex");
}

async function expectRefused(attack: Run, code: string, rule: string): Promise<void> {
  const error: unknown = await attack.pull().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code, message: expect.stringContaining(rule) as string });
  expect(stateOf(attack.fixture.repo)).toBe(attack.before);
  expect(existsSync(attack.owned)).toBe(false);
}

/** git plumbing that puts a file where `git add` would not. */
const COMMIT_DOT_GIT = `
blob=$(printf '#!/bin/sh\\ntouch OWNED\\n' | git hash-object -w --stdin)
inner=$(printf '100755 blob %s\\tpost-checkout\\n' "$blob" | git mktree)
bytes=$(printf '%s' "$inner" | sed 's/\\(..\\)/\\1 /g')
{ printf '40000 .git\\0'; for byte in $bytes; do printf "\\\\$(printf '%03o' "0x$byte")"; done; } > /tmp/tree
tree=$(git hash-object -t tree -w --literally --stdin < /tmp/tree)
git update-ref refs/heads/main "$(git commit-tree -p HEAD -m evil "$tree")"
`;

describe("the agent's commits", () => {
  it("with a .git folder in them: refused, kept, and refused again", async () => {
    const attack = await run(COMMIT_DOT_GIT);
    await expectRefused(attack, "INTAKE_REFUSED", "illegal-name");
    await expectRefused(attack, "INTAKE_REFUSED", "illegal-name");
    const session = await attack.fixture.sandbox.get(attack.sessionId);
    expect(session).toMatchObject({ pulled: false });
  });

  it("with hooks where the host's git looks for them: allowed by name, and still not run", async () => {
    const repo = TestRepo.withCommit();
    repo.git("config", "core.hooksPath", ".husky");
    const attack = await run(
      `mkdir .husky
for hook in post-merge post-checkout reference-transaction post-index-change; do
  printf '#!/bin/sh\\ntouch OWNED\\n' > ".husky/$hook"
  chmod +x ".husky/$hook"
done
git add -A
git commit -qm hooks`,
      repo,
    );
    await expectRefused(attack, "INTAKE_REFUSED", "hook-path");
    const pulled = await attack.pull({ allow: ["hook-path"] });
    expect(pulled.landed?.branch).toBe("main");
    expect(existsSync(repo.path(".husky/post-merge"))).toBe(true);
    expect(existsSync(attack.owned)).toBe(false);
  });

  it("with a link out of the repository", async () => {
    const attack = await run("ln -s /etc/passwd link; git add -A; git commit -qm link");
    await expectRefused(attack, "INTAKE_REFUSED", "symlink-escape");
  });
});

describe("the agent's repository", () => {
  it("whose configuration names programs: none runs on the host", async () => {
    const attack = await run(`printf '#!/bin/sh\\ntouch OWNED\\n' > ../evil 2>/dev/null || true
evil='touch OWNED; true'
for key in core.fsmonitor core.sshCommand core.pager core.editor diff.external gpg.program \\
  uploadpack.packObjectsHook filter.x.clean filter.x.smudge alias.status credential.helper; do
  git config "$key" "$evil"
done
git config core.hooksPath "$PWD/hooks"
git config include.path /tmp/more
mkdir hooks
for hook in post-commit pre-commit reference-transaction; do
  printf '#!/bin/sh\\ntouch OWNED\\n' > "hooks/$hook"
  chmod +x "hooks/$hook"
done
echo '* filter=x' > .git/info/attributes
echo work > work.txt
git -c core.fsmonitor=false -c core.hooksPath=/dev/null add work.txt || true
git -c core.fsmonitor=false -c core.hooksPath=/dev/null commit -qm work || true
echo left > uncommitted.txt`);
    const pulled = await attack.pull().catch((error: unknown) => error);
    expect(existsSync(attack.owned)).toBe(false);
    expect(pulled).toMatchObject({ state: "succeeded" });
  });

  it("replaced by a link to a folder of the host", async () => {
    const repo = TestRepo.withCommit();
    const attack = await run(`rm -rf .git; ln -s ${repo.dir}/.git .git`, repo);
    const error: unknown = await attack.pull().catch((thrown: unknown) => thrown);
    expect(stateOf(repo)).toBe(attack.before);
    expect(JSON.stringify(error)).not.toContain(repo.rev("HEAD"));
  });
});

describe("uncommitted work", () => {
  it("with links and hooks is reported, lands nowhere, and refuses nothing", async () => {
    const attack = await run(`echo fine > fine.txt; git add fine.txt; git commit -qm fine
ln -s /etc/passwd stolen
mkdir .husky; echo x > .husky/post-merge`);
    const pulled = await attack.pull();
    expect(pulled.result).toMatchObject({ commits: 1, salvaged: true });
    const rules = pulled.result?.findings.map(({ rule }) => rule) ?? [];
    expect(rules).toEqual(expect.arrayContaining(["symlink-escape", "hook-path"]));
    const { repo } = attack.fixture;
    expect(repo.git("ls-tree", "--name-only", "main")).not.toContain("stolen");
    expect(existsSync(repo.path(".husky"))).toBe(false);
  });
});

describe("text on the agent's screen", () => {
  it("is shown without its controls", async () => {
    const attack = await run(
      `printf 'hello\\033]0;owned\\007\\033]52;c;b3duZWQ=\\007 there\\302\\235x\\302\\234\\n'`,
    );
    const sink = new PassThrough();
    const chunks: Buffer[] = [];
    sink.on("data", (chunk: Buffer) => chunks.push(chunk));
    await attack.fixture.sandbox.logs(attack.sessionId, sink);
    const text = Buffer.concat(chunks).toString("utf8");
    expect(text).toContain("hello");
    expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/);
  });
});

describe("the stream of a guest that lies", () => {
  it.each([
    ["nothing at all", ""],
    ["another program's output", "hello\n"],
    ["a file without end", "cco-collect 1\nfile result.bundle 999999\nshort"],
    ["a name that is a path", "cco-collect 1\nfile ../../../../tmp/owned 1\nx\nend\n"],
    ["a length that is no number", "cco-collect 1\nfile result.bundle -1\nend\n"],
    ["a length beyond counting", "cco-collect 1\nfile result.bundle 99999999999999999999\nend\n"],
    ["one file twice", "cco-collect 1\nfile result.bundle 1\nxfile result.bundle 1\nxend\n"],
    ["a line without end", `cco-collect 1\n${"x".repeat(100_000)}`],
    ["a bundle that is none", "cco-collect 1\nfact commits some\nfile result.bundle 5\nhelloend\n"],
  ])("%s", async (_name, content) => {
    const attack = await run("echo work > work.txt; git add -A; git commit -qm work");
    const { fixture, sessionId } = attack;
    const lying = fixture.again({ backend: lies(fixture.backend, content) });
    const error: unknown = await lying
      .pull(sessionId, { timeoutMs: 60_000 })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(?:BUNDLE_TRUNCATED|INTAKE_REFUSED)$/) as string,
    });
    expect(stateOf(fixture.repo)).toBe(attack.before);
    expect(existsSync(join(fixture.dataDir, "../../tmp/owned"))).toBe(false);
    // What was refused is kept, and refused again; a cut stream is asked for once more:
    // nothing was deleted on a lie.
    const again: unknown = await attack.pull().catch((thrown: unknown) => thrown);
    expect(again).toMatchObject(
      (error as { code: string }).code === "INTAKE_REFUSED"
        ? { code: "INTAKE_REFUSED" }
        : { result: { commits: 1 } },
    );
  });
});

/** The real box, but what collect prints is `content`. */
function lies(backend: LocalBackend, content: string): SandboxBackend {
  return wrap(backend, {
    openGuest: async (...[id, options]: Parameters<SandboxBackend["openGuest"]>) => {
      const guest = await backend.openGuest(id, options);
      return wrap<Guest>(guest, {
        exec: (argv: readonly string[], options: Parameters<Guest["exec"]>[1] = {}) => {
          if (!argv.includes("stream")) return guest.exec(argv, options);
          return guest.exec(["cat"], { ...options, stdin: content });
        },
      });
    },
  });
}

/** `target` with some methods replaced; the others keep their `this`. */
function wrap<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(object, name) {
      if (name in replaced) return replaced[name as keyof T];
      const value: unknown = Reflect.get(object, name, object);
      return typeof value === "function" ? (value.bind(object) as unknown) : value;
    },
  });
}
