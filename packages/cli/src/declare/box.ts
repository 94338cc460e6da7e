import { Option, type Command } from "commander";

import type { LogsFlags } from "../commands/box-logs.js";
import type { PullFlags } from "../commands/box-pull.js";
import type { PushFlags } from "../commands/box-push.js";
import type { WaitFlags } from "../commands/box-wait.js";
import { collect, depth, duration, example, wholeNumber, type Run } from "./flags.js";

/** `cco box …`: sessions and the boxes they run in. */
export function declareBox(program: Command, run: Run): void {
  const box = program
    .command("box")
    .description("sessions: plans that agents carry out in a sandbox")
    .helpCommand(false)
    .addHelpText("after", example("cco box push docs/plan.md", "cco box pull 7f3a9c21"));
  declarePush(box, run);
  declarePull(box, run);
  declareLooking(box, run);
  declareTalking(box, run);
  declareRemoving(box, run);
  declareBoxes(box, run);
}

function declarePush(box: Command, run: Run): void {
  box
    .command("push <plan...>")
    .description("send the repository and a plan, start the agent, return at once")
    .option("--backend <name>", "what isolates: local")
    .option("--agent <name>", "who carries the plan out (default: claude)")
    .option("--no-pane", "needs no workspace: the agent runs without a pane")
    .option("--with-changes", "send uncommitted changes too, as a snapshot commit")
    .option("--depth <n|full>", "commits of history to send, at least 2 (default: 100)", depth)
    .option("--model <model>", "the agent's model")
    .option("--max-turns <n>", "most turns of the agent", wholeNumber(1))
    .option("--count <n>", "the same plan so many times", wholeNumber(1))
    .addHelpText("after", example("cco box push docs/plan.md --agent runbook"))
    .action(async (plans: string[], flags: PushFlags) => {
      await run(async (context) =>
        (await import("../commands/box-push.js")).push(context, plans, flags),
      );
    });
}

function declarePull(box: Command, run: Run): void {
  const strategy = (name: string, description: string, others: string[]): Option =>
    new Option(`--${name}`, description).conflicts(others);
  box
    .command("pull <session>")
    .description("wait for the end, check the work, advance the branch, close the pane")
    .option("--timeout <duration>", "longest wait, 0 for none (default: 30m)", duration)
    .addOption(
      new Option("--snapshot", "what there is so far, to the session's ref only").conflicts([
        "ff",
        "merge",
        "rebase",
        "squash",
        "to",
        "check",
      ]),
    )
    .addOption(strategy("ff", "only forward (default)", ["merge", "rebase", "squash"]))
    .addOption(strategy("merge", "a merge commit where the branch moved on", ["rebase", "squash"]))
    .addOption(strategy("rebase", "the agent's commits on the branch as it is now", ["squash"]))
    .addOption(strategy("squash", "one commit titled after the plan", []))
    .option("--to <branch>", "another or a new branch")
    .option("--allow <rule>", "let a finding through, repeatable", collect)
    .option("--check <command>", "run it on the result in a fresh guest before the branch moves")
    .option("--keep", "leave the box's copy")
    .addHelpText("after", example("cco box pull 7f3a9c21", "cco box pull 7f3a --check 'npm test'"))
    .action(async (session: string, flags: PullFlags) => {
      await run(async (context) =>
        (await import("../commands/box-pull.js")).pull(context, session, flags),
      );
    });
}

function declareLooking(box: Command, run: Run): void {
  box
    .command("ls")
    .description("sessions, newest first")
    .option("--all", "of other repositories too")
    .addHelpText("after", example("cco box ls --all --json"))
    .action(async (flags: { all?: true }) => {
      await run(async (context) => (await import("../commands/box-ls.js")).ls(context, flags));
    });
  box
    .command("wait [session...]")
    .description("wait for the end of sessions")
    .addOption(new Option("--any", "until the first has ended").conflicts("all"))
    .option("--all", "until all have ended; without sessions, all of this repository")
    .option("--timeout <duration>", "longest wait, 0 for none (default: no limit)", duration)
    .addHelpText("after", example("cco box wait 7f3a9c21 --timeout 30m"))
    .action(async (sessions: string[], flags: WaitFlags) => {
      await run(async (context) =>
        (await import("../commands/box-wait.js")).wait(context, sessions, flags),
      );
    });
  box
    .command("logs <session>")
    .description("what the agent's terminal printed")
    .option("-f, --follow", "go on until the agent's end")
    .option("--raw", "with terminal escapes, as the agent wrote them")
    .option("--tail <n>", "only the last lines", wholeNumber(0))
    .addHelpText("after", example("cco box logs 7f3a9c21 -f"))
    .action(async (session: string, flags: LogsFlags) => {
      await run(async (context) =>
        (await import("../commands/box-logs.js")).logs(context, session, flags),
      );
    });
  box
    .command("diff <session>")
    .description("what pull would bring, with what it would refuse")
    .option("--stat", "only the files and their lines")
    .addHelpText("after", example("cco box diff 7f3a9c21 --stat"))
    .action(async (session: string, flags: { stat?: true }) => {
      await run(async (context) =>
        (await import("../commands/box-diff.js")).diff(context, session, flags),
      );
    });
}

function declareTalking(box: Command, run: Run): void {
  box
    .command("attach <session>")
    .description("open the agent's terminal again; after the end, its last screen")
    .addHelpText("after", example("cco box attach 7f3a9c21"))
    .action(async (session: string) => {
      await run(async (context) =>
        (await import("../commands/box-attach.js")).attach(context, session),
      );
    });
  box
    .command("send <session> <text...>")
    .description("put text to the agent, as one paste")
    .addHelpText("after", example('cco box send 7f3a9c21 "use the other table"'))
    .action(async (session: string, words: string[]) => {
      await run(async (context) =>
        (await import("../commands/box-send.js")).send(context, session, words.join(" ")),
      );
    });
  box
    .command("cancel <session>")
    .description("stop the agent; what it left stays pullable")
    .addHelpText("after", example("cco box cancel 7f3a9c21"))
    .action(async (session: string) => {
      await run(async (context) =>
        (await import("../commands/box-cancel.js")).cancel(context, session),
      );
    });
}

function declareRemoving(box: Command, run: Run): void {
  box
    .command("rm <session...>")
    .description("forget sessions; refuses while unpulled work exists")
    .option("--force", "even unpulled work, even running")
    .addHelpText("after", example("cco box rm 7f3a9c21"))
    .action(async (sessions: string[], flags: { force?: true }) => {
      await run(async (context) =>
        (await import("../commands/box-rm.js")).rm(context, sessions, flags),
      );
    });
  box
    .command("gc")
    .description("remove what is pulled, orphaned or expired; never unpulled work")
    .option("--dry-run", "only say what would go")
    .addHelpText("after", example("cco box gc --dry-run"))
    .action(async (flags: { dryRun?: true }) => {
      await run(async (context) => (await import("../commands/box-gc.js")).gc(context, flags));
    });
}

function declareBoxes(box: Command, run: Run): void {
  box
    .command("create")
    .description("make the box; for local: check its tools")
    .option("--backend <name>", "what isolates: local")
    .addHelpText("after", example("cco box create"))
    .action(async (flags: { backend?: string }) => {
      await run(async (context) =>
        (await import("../commands/box-create.js")).create(context, flags),
      );
    });
  box
    .command("status")
    .description("the box: its state, network policy, disk, sessions")
    .option("--backend <name>", "what isolates: local")
    .addHelpText("after", example("cco box status --json"))
    .action(async (flags: { backend?: string }) => {
      await run(async (context) =>
        (await import("../commands/box-status.js")).status(context, flags),
      );
    });
}
