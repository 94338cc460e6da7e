import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

import { arrows } from "./scripts/arrows.mjs";

const TESTS = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.ts", "test/**/*.ts"];
const TOOLS = ["*.{js,ts}", ".*.mjs", "scripts/**/*.mjs", "bench/**/*.mjs", "packages/*/*.mjs"];

const SPAWNING = {
  group: ["child_process", "node:child_process", "execa", "cross-spawn"],
  message: "Only @cco/exec starts programs: take a CommandRunner.",
};
const FILES = {
  group: ["fs", "node:fs", "fs/promises", "node:fs/promises", "fs-extra"],
  message: "A backend may work in another place: go through its runner; own files by readAsset.",
};
const INSIDES = {
  group: ["@cco/*/src/**", "@cco/*/dist/**", "../../**/packages/**"],
  message: "Import what a package exports.",
};

/** Packages that must work through a runner into another place. */
const THROUGH_THE_RUNNER = ["backend", "local", "container", "lima", "ssh", "kubernetes"];

/**
 * What one package may not import: other packages than its own arrows, and what is not its task.
 *
 * @param {string} name
 * @param {readonly string[]} allowed
 */
function forbiddenImports(name, allowed) {
  const others = Object.keys(arrows).filter((other) => other !== name && !allowed.includes(other));
  return [
    INSIDES,
    ...(name === "exec" ? [] : [SPAWNING]),
    ...(THROUGH_THE_RUNNER.includes(name) ? [FILES] : []),
    ...(name === "cli"
      ? []
      : [
          {
            group: ["commander", "@commander-js/**", "yargs"],
            message: "Only the CLI reads flags.",
          },
        ]),
    ...(others.length === 0
      ? []
      : [
          {
            group: others.flatMap((other) => [`@cco/${other}`, `@cco/${other}/**`]),
            message: `@cco/${name} may import of the others only: [${allowed.join(", ")}] (ARCHITECTURE.md).`,
          },
        ]),
  ];
}

/**
 * @param {ReturnType<typeof forbiddenImports>} patterns
 * @returns {import("eslint").Linter.RulesRecord}
 */
function restrictedImports(patterns) {
  return { "no-restricted-imports": ["error", { patterns }] };
}

export default defineConfig(
  {
    ignores: ["**/dist/", "packages/cli/{bin,build}/", "**/node_modules/", "coverage/", ".cache/"],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: "./tsconfig.check.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" },
      ],
      // Keys of the environment and of parsed records are data.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      eqeqeq: "error",
      "no-control-regex": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[property.name='only'][object.name=/^(it|test|describe|suite)$/]",
          message: "A lone test hides the others.",
        },
      ],
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: ["packages/cli/src/**"],
    rules: {
      "no-console": "error",
      "no-restricted-properties": [
        "error",
        { object: "process", property: "exit", message: "Libraries never exit." },
        { object: "process", property: "stdout", message: "Libraries never print." },
        { object: "process", property: "stderr", message: "Libraries never print." },
      ],
    },
  },
  ...Object.entries(arrows).map(([name, allowed]) => ({
    files: [`packages/${name}/src/**/*.ts`],
    ignores: TESTS,
    rules: restrictedImports(forbiddenImports(name, allowed)),
  })),
  {
    // Programs of the place itself, not of the host: they have its files and streams.
    files: ["packages/backend/src/net/**/*.ts"],
    rules: {
      ...restrictedImports([INSIDES, SPAWNING]),
      "no-restricted-properties": "off",
      "no-console": "off",
    },
  },
  {
    files: [...TESTS, "packages/*/src/testing/**/*.ts"],
    rules: {
      "no-restricted-imports": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: TOOLS,
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
    rules: {
      // JSON of manifests and reports.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
