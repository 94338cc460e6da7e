import type { Guest, GuestNetwork } from "@cco/backend";
import { quoteArgv } from "@cco/exec";
import {
  createInputBundle,
  identity,
  Refs,
  Repo,
  snapshotCommit,
  Worktrees,
  type Identity,
  type InputBundle,
} from "@cco/git";

import { agentProfile } from "./agents/index.js";
import type { AgentProfile } from "./agents/profile.js";
import { fromBackend, requireRunning } from "./box.js";
import { collectArgv } from "./collect.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { diskFull, interrupted, isAbort, throwIfInterrupted } from "./failures.js";
import { setUpGuest } from "./guest-setup.js";
import type { PrepareOptions } from "./options.js";
import { planPathInGuest, readPlan, type PlanFile } from "./plan.js";
import { RECORD_VERSION, type SessionRecord } from "./record.js";
import type { PreparedSession } from "./reports.js";
import { baseRef } from "./refs.js";
import { toSession } from "./refresh.js";

export const DEFAULT_DEPTH = 100;

/** Where nobody has configured a name, the guest's commits still need one. */
const NOBODY: Identity = { name: "cco", email: "cco@localhost" };

/** All that is known before anything is made. */
interface Checked {
  readonly profile: AgentProfile;
  readonly plan: PlanFile;
  readonly planPath: string;
  readonly files: Awaited<ReturnType<NonNullable<AgentProfile["files"]>>>;
  readonly repo: Repo;
  readonly branch: string;
  readonly head: string;
  readonly person: Identity;
  readonly network: GuestNetwork;
}

/** {@link Sandbox.prepare}. */
export async function prepare(engine: Engine, options: PrepareOptions): Promise<PreparedSession> {
  const { signal } = options;
  try {
    const checked = await check(engine, options);
    throwIfInterrupted(signal);
    const id = await engine.store.reserve();
    try {
      return await make(engine, options, checked, id);
    } catch (error) {
      await undo(engine, checked, id);
      throw error;
    }
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}

async function check(engine: Engine, options: PrepareOptions): Promise<Checked> {
  const { repoRoot, planPath, signal } = options;
  checkDepth(options.depth);
  const profile = agentProfile(options.agent ?? "claude", engine.agents);
  engine.step("check-plan", null, `reading ${planPath}`);
  const plan = await readPlan(repoRoot, planPath);
  // Both look at different things: one wait for the two; the repository's error comes first.
  const running = requireRunning(engine.backend, signal);
  running.catch(() => undefined);
  engine.step("check-repository", null, "looking at the repository");
  const repo = await Repo.open(engine.runner, repoRoot);
  const [{ branch, commit }, person, path] = await Promise.all([
    branchOf(repo),
    identity(repo.git),
    planPathInGuest(plan.file, repo.root),
  ]);
  const [files] = await Promise.all([
    profile.files?.({ path, text: plan.text }) ?? [],
    options.withChanges === true ? undefined : tellUncommitted(engine, repo, path),
  ]);
  engine.step("check-box", null, `asking the ${engine.backend.name} box`);
  await running;
  return {
    profile,
    plan,
    planPath: path,
    files,
    repo,
    branch,
    head: commit,
    person: person ?? NOBODY,
    network: networkOf(engine, profile),
  };
}

function checkDepth(depth: number | "full" | undefined): void {
  if (depth === undefined || depth === "full") return;
  if (!Number.isInteger(depth) || depth < 2) {
    throw new TypeError(`depth is a whole number of at least 2, or "full": ${depth}`);
  }
}

async function branchOf(repo: Repo): Promise<{ branch: string; commit: string }> {
  const [head, operation] = await Promise.all([repo.head(), repo.operationInProgress()]);
  if (operation !== null) {
    throw new SandboxError(
      "OPERATION_IN_PROGRESS",
      `${repo.root} is in the middle of a ${operation}`,
      {
        hint: `finish or abort it: git ${operation} ${operation === "bisect" ? "reset" : "--abort"}`,
      },
    );
  }
  switch (head.kind) {
    case "branch":
      return head;
    case "detached":
      throw new SandboxError("DETACHED_HEAD", `${repo.root} is on no branch (detached HEAD)`, {
        hint: "the result needs a branch to land on: git switch -c <branch>",
      });
    case "unborn":
      throw new SandboxError("UNBORN_BRANCH", `branch ${head.branch} has no commit yet`, {
        hint: "commit something first: git commit --allow-empty -m start",
      });
  }
}

function networkOf(engine: Engine, { network }: AgentProfile): GuestNetwork {
  const policy = engine.network.policy ?? network.policy;
  const own = policy === "allowlist" ? network.allow : [];
  return { policy, allow: [...new Set([...own, ...(engine.network.allow ?? [])])] };
}

async function make(
  engine: Engine,
  options: PrepareOptions,
  checked: Checked,
  id: string,
): Promise<PreparedSession> {
  const { repo, profile, signal } = { ...checked, signal: options.signal };
  const base = await baseCommit(engine, options, checked, id);
  engine.step("bundle", id, `packing ${checked.branch}`);
  const bundleFile = engine.store.path(id, "input.bundle");
  const stop = new AbortController();
  const packing = createInputBundle(repo, {
    tip: base,
    branch: checked.branch,
    depth: options.depth ?? DEFAULT_DEPTH,
    file: bundleFile,
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
  });
  // Both have ended before anything is undone.
  const [opened, bundled] = await Promise.allSettled([
    openGuest(engine, checked, id, base).catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
    packing,
  ]);
  if (opened.status === "rejected") throw opened.reason;
  if (bundled.status === "rejected") {
    throw diskFull(bundled.reason, bundleFile) ?? bundled.reason;
  }
  const guest = opened.value;
  const bundle = bundled.value;
  throwIfInterrupted(signal);
  await send(engine, checked, guest, bundle, bundleFile, signal);

  const argv = profile.argv({
    sessionId: id,
    plan: { path: checked.planPath, text: checked.plan.text },
    paths: guest.paths,
    model: options.model ?? null,
    maxTurns: options.maxTurns ?? null,
    tty: options.tty ?? true,
  });
  const launchArgv = guest.terminal.launchArgv(argv);
  throwIfInterrupted(signal);
  const record: SessionRecord = {
    version: RECORD_VERSION,
    sessionId: id,
    repo: repo.main,
    branch: checked.branch,
    plan: checked.planPath.startsWith(".cco/plan/") ? checked.plan.file : checked.planPath,
    backend: engine.backend.name,
    agent: profile.name,
    host: engine.host,
    box: engine.backend.box,
    baseCommit: base,
    snapshotOf: base === checked.head ? null : checked.head,
    createdAt: new Date().toISOString(),
    command: quoteArgv(launchArgv),
    agentArgv: [...argv],
    network: { policy: checked.network.policy, allow: [...checked.network.allow] },
    programs: [...profile.programs],
    env: { ...profile.env },
    pane: null,
    launchedAt: null,
    cancelledAt: null,
    end: null,
    result: null,
    landing: null,
    pulled: false,
    released: false,
  };
  await engine.store.write(record);
  return {
    ...toSession({ record, state: "prepared", lost: null, startedAt: null }),
    launchArgv,
  };
}

/** The commit to send: the branch's, or with changes a snapshot on top of it, kept by a ref. */
async function baseCommit(
  engine: Engine,
  { withChanges, signal }: PrepareOptions,
  { repo, head }: Checked,
  id: string,
): Promise<string> {
  if (withChanges !== true) return head;
  const snapshot = await snapshotCommit(repo, signal === undefined ? {} : { signal });
  if (snapshot === null) return head;
  for (const folder of snapshot.nestedRepositories) {
    engine.note("warning", id, `${folder} is a repository of its own: not sent`);
  }
  await new Refs(repo.git).update(baseRef(id), snapshot.commit, null);
  return snapshot.commit;
}

/** A note where something is uncommitted and will not travel; the plan itself does. */
async function tellUncommitted(engine: Engine, repo: Repo, planPath: string): Promise<void> {
  const { entries } = await new Worktrees(repo).status();
  const others = entries.filter(({ path }) => path !== planPath && !planPath.startsWith(path));
  if (others.length === 0) return;
  engine.note(
    "uncommitted-changes",
    null,
    `uncommitted and not sent: ${others.length} (--with-changes sends them too)`,
  );
}

async function openGuest(
  { backend }: Engine,
  { profile, network }: Checked,
  id: string,
  base: string,
): Promise<Guest> {
  try {
    return await backend.openGuest(id, {
      programs: profile.programs,
      network,
      env: profile.env ?? {},
      afterEnd: await collectArgv("store", base),
    });
  } catch (error) {
    const known = fromBackend(error);
    if (known instanceof SandboxError && known.code === "AGENT_NOT_FOUND") {
      const install = profile.install === undefined ? undefined : `install it: ${profile.install}`;
      throw new SandboxError("AGENT_NOT_FOUND", `agent ${profile.name}: ${known.message}`, {
        hint: install ?? known.hint,
        cause: error,
      });
    }
    throw known;
  }
}

async function send(
  engine: Engine,
  checked: Checked,
  guest: Guest,
  bundle: InputBundle,
  bundleFile: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  engine.step("send", guest.id, `sending ${Math.ceil(bundle.size / 1024)} KiB`);
  await setUpGuest(
    guest,
    {
      bundleFile,
      shallow: bundle.shallow,
      plan: checked.plan.content,
      home: checked.files,
      branch: checked.branch,
      objectFormat: bundle.objectFormat,
      person: checked.person,
      planPath: checked.planPath,
    },
    signal,
  );
}

/** Leave nothing of a session that did not come to be. */
async function undo(engine: Engine, { repo }: Checked, id: string): Promise<void> {
  const refs = new Refs(repo.git);
  const dropBase = async (): Promise<void> => {
    const sha = await refs.read(baseRef(id));
    if (sha !== null) await refs.delete(baseRef(id), sha);
  };
  const steps: (() => Promise<void>)[] = [
    () => engine.backend.closeGuest(id),
    dropBase,
    () => engine.store.remove(id),
  ];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      engine.note("release-failed", id, `left behind: ${String(error)}; \`cco box gc\` removes it`);
    }
  }
}
