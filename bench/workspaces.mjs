/** What people and their shells ask many times a day, in a repository of 50 worktrees. */
import { CCO } from "./world.mjs";
import { paired, timed } from "./measure.mjs";

const ROUNDS = 15;
const WORKTREES = 50;

/**
 * @param {import("./world.mjs").World} world
 * @returns {import("./index.mjs").Figure[]}
 */
export function workspaces(world) {
  for (let number = 1; number <= WORKTREES; number += 1) world.workspace(`feat/b${number}`);
  const options = { cwd: world.repo, env: world.env };
  const ms = (/** @type {readonly string[]} */ argv) => timed(argv, options).ms;
  const cco = (/** @type {readonly string[]} */ args) => ms([process.execPath, CCO, ...args]);
  const node = () => ms([process.execPath, "-e", "0"]);
  // The least that somebody without cco would run for the same answer: one status after another.
  const folders = world
    .git("worktree", "list", "--porcelain")
    .split("\n")
    .filter((line) => line.startsWith("worktree "))
    .map((line) => line.slice("worktree ".length));
  const loop = 'for folder do git -C "$folder" status --porcelain; done';
  const statuses = () => ms(["sh", "-c", loop, "sh", ...folders]);

  const ls = paired(() => cco(["ls", "--json"]), statuses, ROUNDS);
  const words = paired(() => cco(["__complete", "--", "attach", "feat/b4"]), node, ROUNDS);
  return [
    {
      name: `cco ls, ${WORKTREES} worktrees`,
      value: ls.ratio,
      unit: "×",
      limit: 1.2,
      detail: `${ls.a.toFixed(0)} ms against ${ls.b.toFixed(0)} ms of as many \`git status\``,
    },
    {
      name: "completion of a branch",
      value: words.ratio,
      unit: "×",
      limit: 3,
      detail: `${words.a.toFixed(0)} ms against ${words.b.toFixed(0)} ms of \`node -e 0\``,
    },
  ];
}
