import { join } from "node:path";

import { ExecaRunner } from "@cco/exec";
import { LocalBackend } from "@cco/local";
import { Sandbox, type SandboxEvent, type SandboxOptions } from "@cco/sandbox";
import { afterEach } from "vitest";

import { TestRepo } from "../../../test/support/repo.js";

const opened: LocalBackend[] = [];

afterEach(async () => {
  for (const backend of opened.splice(0)) {
    for (const id of (await backend.guests()).keys()) await backend.closeGuest(id);
  }
});

/** A sandbox over a real repository and the local box, all in folders of their own. */
export interface Fixture {
  readonly repo: TestRepo;
  readonly backend: LocalBackend;
  readonly sandbox: Sandbox;
  readonly events: SandboxEvent[];
  readonly dataDir: string;
  /** Another `Sandbox` over the same sessions, as another process would have. */
  again(options?: Partial<SandboxOptions>): Sandbox;
}

export function makeFixture(repo: TestRepo = TestRepo.withCommit()): Fixture {
  const runner = new ExecaRunner({ env: repo.env, cwd: repo.dir });
  const dataDir = join(repo.env["XDG_DATA_HOME"] ?? "", "cco");
  const backend = new LocalBackend({ runner });
  opened.push(backend);
  const events: SandboxEvent[] = [];
  const again = (options: Partial<SandboxOptions> = {}): Sandbox =>
    new Sandbox({
      backend,
      runner,
      env: repo.env,
      onEvent: (event) => {
        events.push(event);
      },
      ...options,
    });
  return { repo, backend, sandbox: again(), events, dataDir, again };
}

/** A plan of one `sh` block. */
export function planOf(script: string): string {
  return `# A plan\n\nDo this:\n\n\`\`\`sh\n${script.trim()}\n\`\`\`\n`;
}
