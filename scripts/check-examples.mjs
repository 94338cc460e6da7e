/** The TypeScript examples of the READMEs compile against the packages' source. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { report, repositoryFiles, root, run, tool } from "./lib.mjs";

/** Below the root, so that an example finds the same libraries as a package does. */
const folder = join(root, ".cache/examples");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

let count = 0;
for (const path of repositoryFiles("README.md", "packages/*/README.md", "docs/*.md")) {
  const text = readFileSync(join(root, path), "utf8");
  for (const [, code = ""] of text.matchAll(/^```ts\n([^]*?)^```$/gm)) {
    count += 1;
    // What an example leaves to the reader's imagination.
    const free = ["newSha", "oldSha"].map((name) => `declare const ${name}: string;\n`).join("");
    const subject = `declare function makeSubject(): Promise<import("@cco/backend/testing").ConformanceSubject>;\n`;
    const name = `${path.replaceAll("/", "-")}-${count}.ts`;
    writeFileSync(join(folder, name), `${free}${subject}${code}\nexport {};\n`);
  }
}
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.check.json",
    compilerOptions: { noUnusedLocals: false },
    include: ["*.ts"],
  }),
);
writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));

const { ok, output } = run(tool("tsc", "-p", folder));
report([...(ok ? [] : [output]), ...(count === 0 ? ["no example found"] : [])]);
