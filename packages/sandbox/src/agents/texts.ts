/** Name of the skill, and of the command that starts it. */
export const SKILL_NAME = "executing-plans-in-sandbox";

const STEPS = `1. Read the whole plan first. Its path is relative to the repository's root.
2. Do it task by task, in order. After each task run the checks that the plan or the
   repository names, then commit with a message that says what changed and why.
3. Nobody answers questions here. Where the plan leaves something open, choose the simplest
   way that fits the repository and say so in the commit message.
4. Stay on the branch that is checked out. Do not push: the commits are fetched from here.
5. Do not commit the plan file where git does not show it: it is not part of the work.
6. At the end say what is done, what is not, and why.
`;

/** The skill as a file of Claude Code. */
export function skill(): string {
  return `---
name: ${SKILL_NAME}
description: Carry out a plan file task by task in this sandbox, committing after each task.
---

Carry out the plan named in the arguments: $ARGUMENTS

${STEPS}`;
}

/** The same as one prompt, for agents without skills. */
export function prompt(plan: string): string {
  return `Carry out the plan in the file ${plan}.\n\n${STEPS}`;
}

/** What every agent is told of the place it works in. */
export const INSTRUCTIONS = `# Where you are

- A sandbox made for one plan. You may run and change anything in it; nothing of it is kept but
  the commits of this repository and what is uncommitted in its folder at the end.
- The network reaches only what the person has allowed. A refused host answers with HTTP 403 and
  says which entry would open it: name it in your last words, do not look for a way around.
- No credentials are here. Do not push, and do not change the remote.
`;

/** Said to an agent whose usage limit is over. */
export const GO_ON = "The usage limit is over. Go on with the plan where you stopped.";
