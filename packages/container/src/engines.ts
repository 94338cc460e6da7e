export type EngineName = "podman" | "docker";

/** Where podman and docker differ. */
export interface Engine {
  readonly name: EngineName;
  /** The program on PATH. */
  readonly program: string;
  /** Words of `create` and `run` that only this one knows. */
  readonly createFlags: readonly string[];
  /**
   * Keys that would leave an attached terminal: none, or ones that nobody presses. The default of
   * both begins with Ctrl-P.
   */
  readonly detachKeys: string;
  /** What `rm` needs to end a container at once, and not to mind one that is not there. */
  readonly removeFlags: readonly string[];
  /** On stderr: its service does not answer. */
  readonly unreachable: RegExp;
  /** What a person does where it does not answer. */
  readonly start: string;
  readonly install: string;
}

export const ENGINES: Readonly<Record<EngineName, Engine>> = {
  podman: {
    name: "podman",
    program: "podman",
    // The caller's proxy variables stay with the caller.
    createFlags: ["--http-proxy=false", "--read-only-tmpfs=false"],
    detachKeys: "",
    removeFlags: ["--force", "--time", "0", "--ignore"],
    unreachable: /cannot connect to podman|unable to connect to podman/i,
    start: "podman machine start, where podman works in a machine; else see `podman info`",
    install: "sudo apt-get install podman",
  },
  docker: {
    name: "docker",
    program: "docker",
    createFlags: [],
    detachKeys: "ctrl-@,ctrl-^,ctrl-@,ctrl-^",
    removeFlags: ["--force"],
    unreachable:
      /cannot connect to the docker daemon|permission denied|is the docker daemon running/i,
    start: "sudo systemctl start docker; the user must be in the group docker",
    install: "sudo apt-get install docker.io",
  },
};

/** Both say in their own words that a container is not there. */
export const NO_SUCH_CONTAINER = /no such (?:container|object)|no container with name or id/i;

/** The same of an image. */
export const NO_SUCH_IMAGE = /image not known|no such image|unable to find image/i;

/** Of a container that is there and does not run. */
export const NOT_RUNNING = /is not running|can only create exec sessions on running|is paused/i;

/** Of a name that is taken. */
export const NAME_TAKEN = /is already in use|already exists/i;
