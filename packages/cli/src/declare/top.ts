import { Argument, Option, type Command } from "commander";

import type { AddFlags } from "../commands/add.js";
import type { RmFlags } from "../commands/rm.js";
import { example, type Run } from "./flags.js";

/** The commands beside `cco box`. */
export function declareTop(program: Command, run: Run): void {
  declareAdd(program, run);
  declareWorkspaces(program, run);
  declareConfig(program, run);
  program
    .command("doctor")
    .description("what is installed, what is missing, how to get it")
    .addHelpText("after", example("cco doctor"))
    .action(async () => {
      await run(async (context) => (await import("../commands/doctor.js")).doctor(context));
    });
  declareCompletion(program, run);
}

function declareAdd(program: Command, run: Run): void {
  program
    .command("add <branch>")
    .description("a worktree and a tmux window for a branch; does only what is not done yet")
    .option("--from <ref>", "where a new branch starts (default: HEAD)")
    .option("--attach", "show the window afterwards")
    .option("--no-agent", "start no agent in the window")
    .option("--trust-setup", "run the set-up script without asking")
    .addHelpText("after", example("cco add feat/x", "cco add feat/x --from main --attach"))
    .action(async (branch: string, flags: AddFlags) => {
      await run(async (context) =>
        (await import("../commands/add.js")).add(context, branch, flags),
      );
    });
}

function declareWorkspaces(program: Command, run: Run): void {
  program
    .command("rm [branch...]")
    .description("remove windows and worktrees; refuses what would be lost")
    .addOption(
      new Option("-d, --delete-merged", "the branches too, if merged").conflicts("deleteAlways"),
    )
    .option("-D, --delete-always", "the branches too, in any case")
    .option("--merged", "every workspace whose branch is merged")
    .option("--force", "lose what is refused otherwise")
    .addHelpText("after", example("cco rm feat/x", "cco rm --merged -d"))
    .action(async (branches: string[], flags: RmFlags) => {
      await run(async (context) =>
        (await import("../commands/rm.js")).rm(context, branches, flags),
      );
    });
  program
    .command("ls")
    .description("workspaces, each with its sessions")
    .addHelpText("after", example("cco ls --json"))
    .action(async () => {
      await run(async (context) => (await import("../commands/ls.js")).ls(context));
    });
  program
    .command("attach [branch]")
    .description("show a branch's window, or the repository's session")
    .addHelpText("after", example("cco attach feat/x"))
    .action(async (branch: string | undefined) => {
      await run(async (context) => (await import("../commands/attach.js")).attach(context, branch));
    });
  program
    .command("notify")
    .description("a bell on the window of this worktree, unless it is the active one")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", example("cco notify"))
    .action(async () => {
      await run(async (context) => (await import("../commands/notify.js")).notify(context));
    });
}

function declareConfig(program: Command, run: Run): void {
  const config = program
    .command("config")
    .description("the configuration: where it is, what holds, change it")
    .helpCommand(false)
    .addHelpText("after", example("cco config show", "cco config set agent runbook"));
  const commands = () => import("../commands/config.js");
  config
    .command("path")
    .description("print the path of your configuration file")
    .addHelpText("after", example("cco config path"))
    .action(async () => {
      await run(async (context) => (await commands()).path(context));
    });
  config
    .command("show")
    .description("what holds here, and where each value comes from")
    .addHelpText("after", example("cco config show --json"))
    .action(async () => {
      await run(async (context) => (await commands()).show(context));
    });
  config
    .command("init")
    .description("write a first configuration file")
    .addHelpText("after", example("cco config init"))
    .action(async () => {
      await run(async (context) => (await commands()).init(context));
    });
  config
    .command("edit")
    .description("open your configuration file in $VISUAL or $EDITOR, then check it")
    .addHelpText("after", example("cco config edit"))
    .action(async () => {
      await run(async (context) => (await commands()).edit(context));
    });
  config
    .command("get <key>")
    .description("print one value as it holds here")
    .addHelpText("after", example("cco config get agent"))
    .action(async (key: string) => {
      await run(async (context) => (await commands()).get(context, key));
    });
  config
    .command("set <key> <value>")
    .description("change one value of your configuration file; JSON, or a plain text")
    .addHelpText("after", example("cco config set agent runbook"))
    .action(async (key: string, value: string) => {
      await run(async (context) => (await commands()).set(context, key, value));
    });
}

function declareCompletion(program: Command, run: Run): void {
  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "whose").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", example('eval "$(cco completion bash)"'))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      await run(async () => (await import("../commands/completion.js")).completion(shell));
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .action(async (words: string[]) => {
      await run(async (context) =>
        (await import("../commands/complete.js")).complete(context, program, words),
      );
    });
}
