import { expect, it } from "vitest";

import { templateYaml, type TemplateOptions } from "./template.js";

const HOST: TemplateOptions = {
  platform: "linux",
  arch: "x64",
  tools: [{ program: "agent", install: "npm install -g it's" }],
};

it("has images for both processors, and nothing of the host's", async () => {
  const yaml = await templateYaml(HOST);
  for (const line of [
    "  arch: x86_64",
    "  arch: aarch64",
    "mounts: []",
    "  system: false",
    "  user: false",
    "  loadDotSSHPubKeys: false",
    "  forwardAgent: false",
    "propagateProxyEnv: false",
    "  ignore: true",
  ]) {
    expect(yaml.split("\n")).toContain(line);
  }
  expect(yaml).not.toContain("vmType");
});

it("uses Apple's virtualization on a Mac, and rosetta where its processor is Apple's", async () => {
  const intel = await templateYaml({ ...HOST, platform: "darwin" });
  expect([intel.includes("\nvmType: vz\n"), intel.includes("rosetta")]).toEqual([true, false]);
  const apple = await templateYaml({ ...HOST, platform: "darwin", arch: "arm64" });
  expect(apple).toContain("\nvmType: vz\nrosetta:\n  enabled: true\n  binfmt: true\n");
});

it("carries the provisioning in a block, with its arguments quoted, and nothing that Lima expands", async () => {
  const yaml = await templateYaml(HOST);
  expect(yaml).toContain("    #!/bin/sh\n    set -- '1' 'agent' 'npm install -g it'\\''s'\n");
  expect(yaml).not.toContain("{{");
  const block = yaml.slice(yaml.indexOf("  script: |\n") + "  script: |\n".length);
  expect(block.split("\n").filter((line) => line !== "" && !line.startsWith("    "))).toEqual([]);
});
