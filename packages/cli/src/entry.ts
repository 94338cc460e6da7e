/** Replaced by the package's version when the CLI is bundled. */
declare const CCO_VERSION: string;

const argv = process.argv.slice(2);

// `--version` is asked by scripts and prompts: nothing else is loaded for it.
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
    // A reader that is gone is no failure.
    if (code === "EPIPE" || code === "EIO") return;
    process.stderr.write(`cco: cannot write to stdout: ${code}\n`);
    process.exitCode = 1;
  });
  process.stdout.write(`${CCO_VERSION}\n`);
} else {
  const { main } = await import("./main.js");
  await main(argv, CCO_VERSION);
}
