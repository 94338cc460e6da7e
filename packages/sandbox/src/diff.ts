import { rm } from "node:fs/promises";

import { History, Repo, type Git } from "@cco/git";

import { fromBackend } from "./box.js";
import type { Engine } from "./engine.js";
import { interrupted, isAbort } from "./failures.js";
import { intake, printable } from "./intake/index.js";
import { alone } from "./alone.js";
import { collectForReading } from "./reading.js";
import type { SessionRecord } from "./record.js";
import { refreshOne } from "./refresh.js";
import type { DiffReport } from "./reports.js";
import { intakeRequest } from "./take-in.js";

type Changes = Pick<DiffReport, "commits" | "files">;

/** {@link Sandbox.diff} */
export async function diff(
  engine: Engine,
  id: string,
  { signal }: { readonly signal?: AbortSignal },
): Promise<DiffReport> {
  try {
    return await alone(engine, id, signal, async (held) => {
      const view = await refreshOne(engine, await engine.store.read(id));
      const repo = await Repo.openMain(engine.runner, view.record.repo);
      if (view.record.pulled) return pulledDiff(view.record, repo);
      try {
        const { hasResult, resultFile } = await collectForReading(engine, view, held);
        return hasResult
          ? await bundleDiff(engine, view.record, repo, resultFile, held)
          : { ...nothing(view.record), findings: [] };
      } finally {
        await rm(engine.store.path(id, "snapshot"), { recursive: true, force: true });
      }
    });
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}

async function pulledDiff(record: SessionRecord, repo: Repo): Promise<DiffReport> {
  const { result } = record;
  if (result === null) return { ...nothing(record), findings: [] };
  const { tip, findings } = result;
  const changes = await changesOf(repo.git, record.baseCommit, tip);
  return { ...nothing(record), tip, ...changes, findings };
}

/** Checked as pull checks it, and read where it was unpacked: nothing of it comes into the repository. */
async function bundleDiff(
  engine: Engine,
  record: SessionRecord,
  repo: Repo,
  bundleFile: string,
  signal: AbortSignal | undefined,
): Promise<DiffReport> {
  let seen: Changes & { readonly tip: string } = nothing(record);
  const { findings } = await intake({
    ...intakeRequest(engine, record, repo, { signal }),
    bundleFile,
    kind: "result",
    dryRun: true,
    inspect: async (git, tip) => {
      if (tip !== null) seen = { tip, ...(await changesOf(git, record.baseCommit, tip)) };
    },
  });
  return { ...nothing(record), ...seen, findings };
}

function nothing({ sessionId, baseCommit }: SessionRecord): Omit<DiffReport, "findings"> {
  return { sessionId, base: baseCommit, tip: baseCommit, commits: [], files: [] };
}

async function changesOf(git: Git, base: string, tip: string): Promise<Changes> {
  const history = new History(git);
  const [commits, files] = await Promise.all([
    history.log(base, tip),
    history.diffFiles(base, tip),
  ]);
  return {
    commits: commits.map(({ sha, subject, author, date }) => ({
      sha,
      subject: printable(subject),
      author: printable(author),
      date,
    })),
    files: files.map(({ path, status, added, removed }) => ({
      path: printable(path),
      status,
      added,
      removed,
    })),
  };
}
