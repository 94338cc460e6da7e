import { spawnSync } from "node:child_process";

import { describe, expect, it } from "vitest";

import { sshdUnavailable } from "../../../test/support/sshd.js";
import { machine } from "./support.js";

const AWKWARD = [
  ...["", " ", "two words", "line one\nline two", "\n", "ends in a newline\n", "\t", "'", '"'],
  ...[`it's "quoted" '"'"'`, "$(echo expanded)", "`echo expanded`", "$HOME", "\\", "\\\\", "\\n"],
  ...["ends in a backslash\\", ";", "&", "|", "<in", "*", "?", "[a-z]", "{a,b}", "~", "!!", "!x"],
  ...["#comment", "%s%d%%", "-n", "--", "NAME=value", "=ls", "@", "é 漢字", "👩‍💻", "\u0001\u007f"],
  ...["x".repeat(5000), "'!\\\n".repeat(500)],
];

/** What people have as their login shell. */
const SHELLS: readonly (readonly [name: string, argv: readonly string[]])[] = [
  ["bash", ["bash"]],
  ["dash", ["dash"]],
  ["zsh", ["zsh"]],
  ["fish", ["fish"]],
  ["csh", ["bsd-csh"]],
  ["tcsh", ["tcsh"]],
  ["busybox sh", ["busybox", "sh"]],
];

describe.skipIf(sshdUnavailable !== null)("the login shell over there", () => {
  it.each(SHELLS)("%s passes every argument and exit code as it is", async (_name, shell) => {
    const [program = ""] = shell;
    expect(spawnSync(program, ["-c", "true"]).error, `${program} is not installed`).toBeUndefined();
    const { ssh, sshd } = await machine({ shell });
    const argv = ["sh", "-c", 'printf "%s\\0" "$@"; exit 255', "sh", ...AWKWARD];
    const result = await ssh.run(argv);
    expect(result).toMatchObject({ exitCode: 255, stderr: "" });
    expect(result.stdout.toString().split("\0").slice(0, -1)).toEqual(AWKWARD);
    const shown = await sshd.caller(ssh.hostArgv(["printf", "%s|", "plain", "two words", "$x*"]));
    expect(shown.stdout).toBe("plain|two words|$x*|");
  });
});
