import { declare, flag, several, value } from "./command.js";
import { AGENT, BACKEND, DEPTH, text, wholeNumber } from "./kinds.js";

export const boxPush = declare({
  name: "push",
  description: "send the repository and a plan, start the agent, return at once",
  args: { plan: several(text("plan", "files")) },
  options: {
    backend: value(BACKEND, "what isolates: local, lima, container, kubernetes"),
    agent: value(AGENT, "who carries the plan out (default: claude)"),
    noPane: flag("needs no workspace: the agent runs without a pane"),
    withChanges: flag("send uncommitted changes too, as a snapshot commit"),
    depth: value(DEPTH, "commits of history to send, at least 2 (default: 100)"),
    model: value(text("model"), "the agent's model"),
    maxTurns: value(wholeNumber(1), "most turns of the agent"),
    retries: value(
      wholeNumber(0),
      "how often a session whose pod or node was lost may be started once more, by who waits for it (default: 0)",
    ),
    count: value(wholeNumber(1), "the same plan so many times"),
    maxParallel: value(
      wholeNumber(1),
      "of several, most that run at once; waits until the last one is started",
    ),
  },
  examples: [
    "cco box push docs/plan.md --agent runbook",
    "cco box push docs/plans/*.md --no-pane --max-parallel 4",
  ],
});
