import { join } from "node:path";

import type { NetworkPolicy, SandboxBackend } from "@cco/backend";
import { ExecaRunner, xdgFolder, type CommandRunner } from "@cco/exec";

import { BUILT_IN_AGENTS } from "./agents/index.js";
import type { AgentProfile } from "./agents/profile.js";
import { SandboxError } from "./errors.js";
import type { SandboxNoteCode, SandboxStep } from "./events.js";
import { printable } from "./intake/index.js";
import type { IntakeOptions, SandboxOptions } from "./options.js";
import type { SessionPlace } from "./record.js";
import { SessionStore } from "./store.js";

/** What every operation works with: the options of {@link Sandbox}, defaults filled in. */
export interface Engine {
  readonly backend: SandboxBackend;
  readonly runner: CommandRunner;
  readonly store: SessionStore;
  readonly host: string | null;
  readonly network: { readonly policy?: NetworkPolicy; readonly allow?: readonly string[] };
  readonly agents: readonly AgentProfile[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the user's own files for every guest's home. */
  readonly guestFiles: string;
  readonly intake: IntakeOptions;
  /** Sessions that were prepared here: their guests are known to be there. */
  readonly prepared: Set<string>;
  /** @throws {SandboxError} `BOX_MISSING`: nothing here knows the session's backend. */
  backendOf(place: SessionPlace): Promise<SandboxBackend>;
  /** All profiles that can be named; of two with one name the user's comes first. */
  profiles(): readonly AgentProfile[];
  step(step: SandboxStep, sessionId: string | null, message: string): void;
  /** @param message made safe to show here. */
  note(note: SandboxNoteCode, sessionId: string | null, message: string): void;
}

export function makeEngine(options: SandboxOptions): Engine {
  const { backend, onEvent } = options;
  const host = options.host ?? null;
  const env = options.env ?? process.env;
  const own = (place: SessionPlace): boolean =>
    place.backend === backend.name && place.box === backend.box && place.host === host;
  return {
    backend,
    runner: options.runner ?? new ExecaRunner(),
    store: new SessionStore(
      options.dataDir ?? join(xdgFolder(env, "XDG_DATA_HOME", ".local/share"), "cco"),
    ),
    host,
    network: options.network ?? {},
    agents: options.agents ?? [],
    env,
    guestFiles:
      options.guestFiles ?? join(xdgFolder(env, "XDG_CONFIG_HOME", ".config"), "cco", "guest"),
    intake: options.intake ?? {},
    prepared: new Set(),
    profiles: () => [...(options.agents ?? []), ...BUILT_IN_AGENTS],
    async backendOf(place) {
      const found = own(place) ? backend : await options.backendFor?.(place);
      if (found !== undefined) return found;
      const where = place.host === null ? "" : ` on ${place.host}`;
      throw new SandboxError(
        "BOX_MISSING",
        `session ${place.sessionId} is in the ${place.backend} box ${place.box}${where}, which is not set up here`,
        { hint: `name it: --backend ${place.backend}` },
      );
    },
    step(step, sessionId, message) {
      onEvent?.({ type: "step", step, sessionId, message: printable(message) });
    },
    note(note, sessionId, message) {
      onEvent?.({ type: "note", note, sessionId, message: printable(message) });
    },
  };
}
