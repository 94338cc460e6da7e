import type { GuestFile, GuestNetwork } from "@cco/backend";
import { identity, NOBODY, Repo, Worktrees, type Identity } from "@cco/git";

import { agentProfile } from "./agents/index.js";
import type { AgentProfile } from "./agents/profile.js";
import { requireRunning } from "./box.js";
import { credentialsOf, loginOf, requireLogin, type Credentials } from "./credentials.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { userFiles } from "./home-files.js";
import type { PrepareOptions } from "./options.js";
import { planPathInGuest, readPlan, type PlanFile } from "./plan.js";

/** All that is known before anything is made. */
export interface Checked {
  readonly profile: AgentProfile;
  readonly plan: PlanFile;
  readonly planPath: string;
  /** The agent's files that come from the plan, and the user's own for every guest. */
  readonly files: readonly GuestFile[];
  readonly ownFiles: readonly GuestFile[];
  readonly credentials: Credentials;
  readonly repo: Repo;
  readonly branch: string;
  readonly head: string;
  readonly person: Identity;
  readonly network: GuestNetwork;
}

/** @throws as {@link Sandbox.prepare}; nothing was made. */
export async function checkAll(engine: Engine, options: PrepareOptions): Promise<Checked> {
  const { repoRoot, planPath, signal } = options;
  checkDepth(options.depth);
  checkRetries(engine, options.retries ?? 0);
  const profile = agentProfile(options.agent ?? "claude", engine.agents);
  engine.step("check-plan", null, `reading ${planPath}`);
  const [plan, ownFiles] = await Promise.all([
    readPlan(repoRoot, planPath),
    userFiles(engine.guestFiles),
  ]);
  // Both look at different things: one wait for the two; the repository's error comes first.
  const running = options.running ?? requireRunning(engine.backend, signal);
  running.catch(() => undefined);
  engine.step("check-repository", null, "looking at the repository");
  const repo = options.repo ?? (await Repo.open(engine.runner, repoRoot));
  const [{ branch, commit }, person, path] = await Promise.all([
    branchOf(repo),
    identity(repo.git),
    planPathInGuest(plan.file, repo.root),
  ]);
  const [files] = await Promise.all([
    profile.files?.({ path, text: plan.text }) ?? [],
    options.before?.(branch),
    options.withChanges === true ? undefined : tellUncommitted(engine, repo, path),
  ]);
  engine.step("check-box", null, `asking the ${engine.backend.name} box`);
  await running;
  const ownPaths = ownFiles.map(({ path: own }) => own);
  requireLogin(loginOf(profile, engine.env, ownPaths));
  const relays = engine.backend.promises.relaysKeys === true;
  return {
    profile,
    plan,
    planPath: path,
    files,
    ownFiles,
    credentials: credentialsOf(profile, engine.env, relays),
    repo,
    branch,
    head: commit,
    person: person ?? NOBODY,
    network: networkOf(engine, profile),
  };
}

function checkRetries({ backend }: Engine, retries: number): void {
  if (retries === 0 || backend.salvage !== undefined) return;
  throw new SandboxError(
    "RETRIES_UNSUPPORTED",
    `the ${backend.name} box does not lose sessions by itself: there is nothing to start once more`,
    { hint: "push without --retries, or with --backend kubernetes" },
  );
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

/** A note where something is uncommitted and will not travel; the plan itself does. */
async function tellUncommitted(engine: Engine, repo: Repo, planPath: string): Promise<void> {
  const { entries } = await new Worktrees(repo).status();
  // An untracked folder is named with a slash at its end.
  const isPlan = (path: string): boolean =>
    path === planPath || (path.endsWith("/") && planPath.startsWith(path));
  const others = entries.filter(({ path }) => !isPlan(path));
  if (others.length === 0) return;
  engine.note(
    "uncommitted-changes",
    null,
    `uncommitted and not sent: ${others.length} (--with-changes sends them too)`,
  );
}
