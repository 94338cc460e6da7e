import type { GuestFile, GuestNetwork } from "@cco/backend";

export interface AgentPlan {
  /** As programs in the workspace name it, relative to it: `docs/plan.md`. */
  readonly path: string;
  readonly text: string;
}

/** What a profile may look at when it makes an argv. */
export interface AgentContext {
  readonly sessionId: string;
  readonly plan: AgentPlan;
  /** Absolute, as programs in the guest see them. */
  readonly paths: { readonly workspace: string; readonly exchange: string; readonly home: string };
  readonly model: string | null;
  readonly maxTurns: number | null;
  /** Somebody can look at its terminal and type; else it must never ask. */
  readonly tty: boolean;
}

/**
 * All the engine knows of an agent: data, and pure functions from data to data.
 *
 * The engine branches on these fields, never on a name: a new agent is a new profile.
 */
export interface AgentProfile {
  readonly name: string;
  /** Programs, by name or absolute path in the place, that the guest must be able to start. */
  readonly programs: readonly string[];
  /** What a person does where the first of `programs` is missing. */
  readonly install?: string;
  /** `exits` at its end, or `stays-open` for questions when its turn is over. */
  readonly end: "exits" | "stays-open";
  /** The default policy, and what the agent itself must reach; the user's `allow` comes on top. */
  readonly network: GuestNetwork;
  /** Variables of every program in its guest. Never a secret. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is started, in the guest's workspace. */
  argv(context: AgentContext): readonly string[];
  /**
   * Files for the guest, their paths relative to its home. Called before anything is made.
   *
   * @throws {SandboxError} the plan is none that this agent can carry out.
   */
  files?(plan: AgentPlan): Promise<readonly GuestFile[]>;
}
