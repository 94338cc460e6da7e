/** Import cycles, over package boundaries and through type imports too: none. */
export default {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      comment: "Two modules that need each other are one module, or miss a third.",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-test-in-source",
      severity: "error",
      comment: "What is published imports neither tests nor fakes.",
      from: { path: "^packages/[^/]+/src/", pathNot: "\\.test\\.ts$|/src/testing/" },
      to: { path: "\\.test\\.ts$|/src/testing/|^test/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.check.json" },
    doNotFollow: { path: "node_modules" },
    includeOnly: "^(packages/[^/]+/(src|test)|test|scripts|bench)/",
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"] },
  },
};
