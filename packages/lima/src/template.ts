import { provisionScript, type ProvisionTool } from "./provision.js";

export interface TemplateOptions {
  /** The host's system, as `process.platform` has it. */
  readonly platform: NodeJS.Platform;
  /** The host's processor, as `process.arch` has it. */
  readonly arch: string;
  readonly tools: readonly ProvisionTool[];
}

/** Debian 13, whose Node.js is one that cco's network helper runs on. */
const IMAGES = "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud";

/**
 * The YAML of a VM: a Debian machine with what sessions need, and nothing of the host in it.
 *
 * Everything written here is a choice; what is not keeps Lima's default (processors, memory, disk).
 */
export async function templateYaml(options: TemplateOptions): Promise<string> {
  const script = await provisionScript(options.tools);
  return `# A VM for cco: limactl create --name=cco-sandbox FILE, or cco box create --template FILE
minimumLimaVersion: 1.1.0
images:
- location: "${IMAGES}-amd64.qcow2"
  arch: x86_64
- location: "${IMAGES}-arm64.qcow2"
  arch: aarch64
${virtualization(options)}# No folder of the host: work goes in and out by streams.
mounts: []
containerd:
  system: false
  user: false
# Nothing of the host's own: no keys, no agent, no proxy settings.
ssh:
  loadDotSSHPubKeys: false
  forwardAgent: false
propagateProxyEnv: false
# No port of the VM appears on the host.
portForwards:
- guestIP: 0.0.0.0
  proto: any
  ignore: true
provision:
- mode: system
  script: |
${indented(script)}`;
}

/** Apple's own virtualization, and on its processors programs for x86_64 too. */
function virtualization({ platform, arch }: TemplateOptions): string {
  if (platform !== "darwin") return "";
  return `vmType: vz\n${arch === "arm64" ? "rosetta:\n  enabled: true\n  binfmt: true\n" : ""}`;
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "\n" : `    ${line}\n`))
    .join("");
}
