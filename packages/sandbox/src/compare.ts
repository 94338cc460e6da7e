import { Repo } from "@cco/git";

import { runCheck } from "./check-command.js";
import { diff } from "./diff.js";
import type { Engine } from "./engine.js";
import { SandboxError } from "./errors.js";
import { IntakeError } from "./intake/index.js";
import type { CompareOptions } from "./options.js";
import { alone } from "./alone.js";
import { takeSnapshot } from "./pull.js";
import { refreshOne, toSession } from "./refresh.js";
import type { CheckOutcome, ComparedSession, DiffReport } from "./reports.js";

/** {@link Sandbox.compare} */
export async function compare(
  engine: Engine,
  ids: readonly string[],
  options: CompareOptions,
): Promise<readonly ComparedSession[]> {
  const compared: ComparedSession[] = [];
  // One after the other: checks that run side by side slow each other down.
  for (const id of ids) compared.push(await one(engine, id, options));
  return compared;
}

async function one(engine: Engine, id: string, options: CompareOptions): Promise<ComparedSession> {
  const { check, signal } = options;
  const report = await diff(engine, id, signal === undefined ? {} : { signal });
  const empty = report.commits.length === 0;
  const outcome = check === undefined || empty ? null : await checked(engine, id, check, options);
  const session = toSession(await refreshOne(engine, await engine.store.read(id)));
  return { session, changes: changesOf(report), findings: report.findings, check: outcome };
}

function changesOf({ commits, files }: DiffReport): ComparedSession["changes"] {
  const sum = (key: "added" | "removed"): number =>
    files.reduce((lines, file) => lines + (file[key] ?? 0), 0);
  return {
    commits: commits.length,
    files: files.length,
    added: sum("added"),
    removed: sum("removed"),
  };
}

/** The result goes to the session's own ref, as a snapshot does, and is checked from there. */
async function checked(
  engine: Engine,
  id: string,
  command: string,
  { signal, timeoutMs, allow }: CompareOptions,
): Promise<CheckOutcome> {
  try {
    await alone(engine, id, signal, async (held) => {
      const view = await refreshOne(engine, await engine.store.read(id));
      const taking = { signal: held, ...(allow && { allow }) };
      const record = view.record.pulled ? view.record : await takeSnapshot(engine, view, taking);
      if (record.result === null) return;
      const repo = await Repo.openMain(engine.runner, record.repo);
      await runCheck(engine, record, repo, {
        command,
        tip: record.result.tip,
        timeoutMs,
        signal: held,
      });
    });
    return { ok: true, message: null };
  } catch (error) {
    const said =
      error instanceof IntakeError ||
      (error instanceof SandboxError && error.code === "CHECK_FAILED");
    if (!said) throw error;
    return { ok: false, message: error.message };
  }
}
