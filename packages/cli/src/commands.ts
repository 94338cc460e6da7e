import { add } from "./declare/add.js";
import { attach } from "./declare/attach.js";
import { boxAttach } from "./declare/box-attach.js";
import { boxCancel } from "./declare/box-cancel.js";
import { boxCompare } from "./declare/box-compare.js";
import { boxCreate } from "./declare/box-create.js";
import { boxDestroy } from "./declare/box-destroy.js";
import { boxDiff } from "./declare/box-diff.js";
import { boxGc } from "./declare/box-gc.js";
import { boxLaunch } from "./declare/box-launch.js";
import { boxLogs } from "./declare/box-logs.js";
import { boxLs } from "./declare/box-ls.js";
import { boxProvision } from "./declare/box-provision.js";
import { boxPull } from "./declare/box-pull.js";
import { boxPush } from "./declare/box-push.js";
import { boxRm } from "./declare/box-rm.js";
import { boxSend } from "./declare/box-send.js";
import { boxShell } from "./declare/box-shell.js";
import { boxStart } from "./declare/box-start.js";
import { boxStatus } from "./declare/box-status.js";
import { boxStop } from "./declare/box-stop.js";
import { boxTemplate } from "./declare/box-template.js";
import { boxWait } from "./declare/box-wait.js";
import { command, type Group } from "./declare/command.js";
import { completion } from "./declare/completion.js";
import {
  configEdit,
  configGet,
  configInit,
  configPath,
  configSet,
  configShow,
} from "./declare/config.js";
import { doctor } from "./declare/doctor.js";
import { ls } from "./declare/ls.js";
import { notify } from "./declare/notify.js";
import { rm } from "./declare/rm.js";

const config: Group = {
  name: "config",
  description: "the configuration: where it is, what holds, change it",
  examples: ["cco config show", "cco config set agent runbook"],
  commands: [
    command(configPath, async () => (await import("./commands/config.js")).path),
    command(configShow, async () => (await import("./commands/config.js")).show),
    command(configInit, async () => (await import("./commands/config.js")).init),
    command(configEdit, async () => (await import("./commands/config.js")).edit),
    command(configGet, async () => (await import("./commands/config.js")).get),
    command(configSet, async () => (await import("./commands/config.js")).set),
  ],
};

const box: Group = {
  name: "box",
  description: "sessions: plans that agents carry out in a sandbox",
  examples: ["cco box push docs/plan.md", "cco box pull 7f3a9c21"],
  commands: [
    command(boxPush, async () => (await import("./commands/box-push.js")).push),
    command(boxPull, async () => (await import("./commands/box-pull.js")).pull),
    command(boxLaunch, async () => (await import("./commands/box-launch.js")).launch),
    command(boxLs, async () => (await import("./commands/box-ls.js")).ls),
    command(boxWait, async () => (await import("./commands/box-wait.js")).wait),
    command(boxLogs, async () => (await import("./commands/box-logs.js")).logs),
    command(boxDiff, async () => (await import("./commands/box-diff.js")).diff),
    command(boxCompare, async () => (await import("./commands/box-compare.js")).compare),
    command(boxAttach, async () => (await import("./commands/box-attach.js")).attach),
    command(boxSend, async () => (await import("./commands/box-send.js")).send),
    command(boxCancel, async () => (await import("./commands/box-cancel.js")).cancel),
    command(boxRm, async () => (await import("./commands/box-rm.js")).rm),
    command(boxGc, async () => (await import("./commands/box-gc.js")).gc),
    command(boxCreate, async () => (await import("./commands/box-create.js")).create),
    command(boxStart, async () => (await import("./commands/box-start.js")).start),
    command(boxStop, async () => (await import("./commands/box-stop.js")).stop),
    command(boxDestroy, async () => (await import("./commands/box-destroy.js")).destroy),
    command(boxStatus, async () => (await import("./commands/box-status.js")).status),
    command(boxProvision, async () => (await import("./commands/box-provision.js")).provision),
    command(boxTemplate, async () => (await import("./commands/box-template.js")).template),
    command(boxShell, async () => (await import("./commands/box-shell.js")).shell),
  ],
};

/** Every command. */
export const CCO: Group = {
  name: "cco",
  description: "Push a plan into a sandbox, watch the agent work, pull its checked commits back",
  examples: ["cco add feat/x", "cco box push docs/plan.md"],
  commands: [
    command(add, async () => (await import("./commands/add.js")).add),
    command(rm, async () => (await import("./commands/rm.js")).rm),
    command(ls, async () => (await import("./commands/ls.js")).ls),
    command(attach, async () => (await import("./commands/attach.js")).attach),
    command(notify, async () => (await import("./commands/notify.js")).notify),
    config,
    command(doctor, async () => (await import("./commands/doctor.js")).doctor),
    command(completion, async () => (await import("./commands/completion.js")).completion),
    box,
  ],
};
