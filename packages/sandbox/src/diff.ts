import { History, Repo, type FileChange } from "@cco/git";

import { fromBackend } from "./box.js";
import type { Engine } from "./engine.js";
import { interrupted, isAbort } from "./failures.js";
import { printable } from "./intake/index.js";
import { alone, takeSnapshot } from "./pull.js";
import { refreshOne } from "./refresh.js";
import type { DiffReport } from "./reports.js";

/** {@link Sandbox.diff} */
export async function diff(
  engine: Engine,
  id: string,
  { signal }: { readonly signal?: AbortSignal },
): Promise<DiffReport> {
  try {
    const record = await alone(engine, id, signal, async () => {
      const view = await refreshOne(engine, await engine.store.read(id));
      if (view.record.pulled) return view.record;
      return takeSnapshot(engine, view, signal === undefined ? {} : { signal });
    });
    const { baseCommit: base, result } = record;
    const tip = result?.tip ?? base;
    const history = new History((await Repo.open(engine.runner, record.repo)).git);
    const [commits, files] = await Promise.all([
      history.log(base, tip),
      history.diffFiles(base, tip),
    ]);
    return {
      sessionId: id,
      base,
      tip,
      commits: commits.map(({ sha, subject, author, date }) => ({
        sha,
        subject: printable(subject),
        author: printable(author),
        date,
      })),
      files: files.map(shown),
      findings: result?.findings ?? [],
    };
  } catch (error) {
    if (isAbort(error, signal)) throw interrupted(error);
    throw fromBackend(error);
  }
}

function shown({ path, status, added, removed }: FileChange): DiffReport["files"][number] {
  return { path: printable(path), status, added, removed };
}
