import { PAIR_CONTROL, PairTerminal, type GuestState } from "@cco/backend";
import { quoteArgv } from "@cco/exec";

import { STARTED } from "./names.js";
import type { PodRunner } from "./pod-runner.js";
import { podState } from "./pod-state.js";
import type { Pods } from "./pods.js";

export interface PodTerminalOptions {
  readonly id: string;
  readonly pod: string;
  readonly keeper: PodRunner;
  readonly agent: PodRunner;
  /** kubectl with its context and namespace: what a pane runs. */
  readonly kubectl: readonly string[];
  readonly pods: Pods;
  readonly state: () => Promise<GuestState>;
  /** An error in the words of the port. */
  readonly named: (error: unknown) => unknown;
}

/** Ends all of a container but its first process, which then ends as well. */
const KILL_ALL = "kill -KILL -1";

/** The terminal of a session's pod: the platform's half of it. */
export function makePodTerminal(options: PodTerminalOptions): PairTerminal {
  const { id, keeper, agent, pods, state, named } = options;
  const translated = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw named(error);
    }
  };
  return new PairTerminal({
    id,
    keeper,
    agent,
    // A node may be busy starting many at once.
    startMs: 60_000,
    state: () => translated(state()),
    begin: () => translated(begin(pods, id)),
    wait: ({ signal }) => translated(waitForEnd(pods, id, signal)),
    kill: async () => {
      // Killed itself, it gives no exit code: the pod says how it is.
      await agent.run(["sh", "-c", KILL_ALL], { timeoutMs: 15_000 }).catch(() => undefined);
    },
    launchArgv: (argv) => [
      "sh",
      "-c",
      `${launchScript(options)}${viewScript(options)}`,
      "cco",
      ...argv,
    ],
    viewArgv: () => ["sh", "-c", viewScript(options)],
  });
}

/** Noted, so that one list tells running pods from idle ones. */
async function begin(pods: Pods, id: string): Promise<void> {
  const pod = await pods.get(id);
  if (pod === undefined || podState(pod).kind !== "unknown") return;
  await pods.annotate(id, { [STARTED]: new Date().toISOString() });
}

async function waitForEnd(pods: Pods, id: string, signal: AbortSignal | undefined): Promise<void> {
  const found = (kind: string): boolean => kind !== "running" && kind !== "unknown";
  await pods.until(id, (pod) => pod === undefined || found(podState(pod).kind), { signal });
}

/** Leaves the order to start, which counts once. */
function launchScript({ kubectl, pod, id }: PodTerminalOptions): string {
  return `${quoteArgv([...kubectl, "exec", pod, "-c", "keeper", "--"])} sh ${PAIR_CONTROL}/launch --order ${id} "$@" || exit
`;
}

/**
 * Beside the agent while it runs; its last screen from the keeper afterwards. The keeper learns of
 * the end before the cluster does, and a moment after the viewer that says so (10) or goes with the
 * agent's container (137); one that was left waits for neither. Its exit code is that of what showed it last.
 */
function viewScript({ kubectl, pod, id }: PodTerminalOptions): string {
  const k = quoteArgv(kubectl);
  const launch = `sh ${PAIR_CONTROL}/launch`;
  return `over() { ${k} exec ${pod} -c keeper -- test -e ${PAIR_CONTROL}/gone 2>/dev/null; }
code=0
over || ${k} exec -it ${pod} -c agent -- ${launch} --attach ${id} || code=$?
turns=0
case $code in 10 | 137) until over || [ "$turns" -ge 50 ]; do turns=$((turns + 1)); sleep 0.1; done ;; esac
if over; then exec ${k} exec -it ${pod} -c keeper -- ${launch} --far over --view ${id}; fi
exit "$code"`;
}
