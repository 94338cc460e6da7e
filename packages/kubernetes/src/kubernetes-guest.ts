import type {
  End,
  Guest,
  GuestExecOptions,
  GuestState,
  PairTerminal,
  Terminal,
} from "@cco/backend";
import type { RunResult } from "@cco/exec";

import { EXCHANGE, HOME, WORKSPACE } from "./pod-spec.js";
import type { PodRunner } from "./pod-runner.js";

/** One session's pod, as the library works with it. */
export class KubernetesGuest implements Guest {
  readonly id: string;
  readonly paths: Guest["paths"];
  readonly #keeper: PodRunner;
  readonly #terminal: PairTerminal;

  constructor(id: string, parts: { readonly keeper: PodRunner; readonly terminal: PairTerminal }) {
    this.id = id;
    this.paths = { workspace: `${WORKSPACE}/${id}`, exchange: `${EXCHANGE}/${id}`, home: HOME };
    this.#keeper = parts.keeper;
    this.#terminal = parts.terminal;
  }

  get terminal(): Terminal {
    return this.#terminal;
  }

  /** Under the pod's network policy, whatever `network` says: a pod has one network. */
  exec(argv: readonly string[], options: GuestExecOptions = {}): Promise<RunResult> {
    const { cwd, ...run } = options;
    return this.#keeper.run(argv, { ...run, cwd: cwd ?? this.paths.workspace });
  }

  state(): Promise<GuestState> {
    return this.#terminal.state();
  }

  stop(options?: { graceMs?: number }): Promise<void> {
    return this.#terminal.stop(options);
  }

  ended(options?: { signal?: AbortSignal }): Promise<End> {
    return this.#terminal.ended(options);
  }
}
