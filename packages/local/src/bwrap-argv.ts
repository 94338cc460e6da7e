import type { Place, Programs } from "./place.js";

/** Where things are in every guest. */
export const GUEST_HOME = "/home/agent";
const GUEST_BIN = "/opt/cco/bin";
/** The network helper's socket folder and program, as the guest sees them. */
export const GUEST_NET = "/run/cco-net";
export const GUEST_NET_HELPER = "/run/cco-net.cjs";
/** The fifo on which the agent tells of its turns, as the guest sees it. */
const GUEST_TURN = "/run/cco-turn";

/** Read-only from the place's own `/etc`, where it has them: nothing that says who uses it. */
const ETC = [
  "alternatives",
  "ca-certificates",
  "crypto-policies",
  "fonts",
  "gai.conf",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "mime.types",
  "pki/ca-trust",
  "pki/tls/cert.pem",
  "pki/tls/certs",
  "protocols",
  "services",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
];

/** Made by cco, the same for all guests: see `ETC_FILES`. */
const OWN_ETC = ["group", "hostname", "hosts", "nsswitch.conf", "passwd", "resolv.conf"];

export const ETC_FILES: Readonly<Record<string, string>> = {
  group: "agent:x:1000:\nnogroup:x:65534:\n",
  hostname: "sandbox\n",
  hosts: "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  passwd:
    "agent:x:1000:1000:agent:/home/agent:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
  "resolv.conf": "# The guest has no name server: its proxy looks names up.\n",
};

export interface BwrapOptions {
  readonly id: string;
  /** `<data>/guests/<id>` in the place. */
  readonly guestDir: string;
  /** Folder with {@link ETC_FILES} in the place. */
  readonly etcDir: string;
  readonly place: Place;
  readonly programs: Programs;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the workspace. */
  readonly cwd?: string;
  /** A session of its own, without the caller's terminal. Default `false`. */
  readonly newSession?: boolean;
  /** Folder of the network helper's socket and the helper, both in the place. */
  readonly net?: { readonly socketDir: string; readonly helper: string };
  /** The supervisor's fifo in the place, for the agent alone. */
  readonly turn?: string;
}

/** The guest's own paths. */
export function guestPaths(id: string) {
  return { workspace: `/workspace/${id}`, exchange: `/exchange/${id}`, home: GUEST_HOME };
}

/**
 * bubblewrap with a root that holds nothing but what is listed here, up to the `--` that the
 * program follows. bwrap(1); started by `env -i`, because a guest can read the environment that
 * bubblewrap itself was started with (`/proc/1/environ`).
 */
export function bwrapArgv(options: BwrapOptions): readonly string[] {
  const { place } = options;
  return [
    "env",
    "-i",
    place.tools["bwrap"] ?? "bwrap",
    "--unshare-all",
    // `--unshare-all` goes on without one where it is forbidden.
    "--unshare-user",
    // An ordinary user inside, whoever calls.
    ...["--uid", "1000", "--gid", "1000"],
    ...["--hostname", "sandbox"],
    "--die-with-parent",
    ...(options.newSession === true ? ["--new-session"] : []),
    ...system(place),
    ...etc(options.etcDir),
    ...own(options),
    ...shown(options.programs),
    ...(options.net === undefined ? [] : network(options.net)),
    ...(options.turn === undefined ? [] : ["--bind", options.turn, GUEST_TURN]),
    ...["--remount-ro", "/"],
    "--clearenv",
    ...environment(options),
    ...["--chdir", options.cwd ?? guestPaths(options.id).workspace],
  ];
}

function system(place: Place): readonly string[] {
  return [
    ...["--ro-bind", "/usr", "/usr"],
    ...place.root.flatMap(({ path, target }) =>
      target === null ? ["--ro-bind", path, path] : ["--symlink", target, path],
    ),
    ...["--ro-bind-try", "/nix/store", "/nix/store"],
    ...["--proc", "/proc"],
    // Root outside is the owner of these inside, and needs no capability to write them.
    ...place.procReadOnly.flatMap((path) => ["--ro-bind", path, path]),
    ...place.procMasked.flatMap((path) => ["--ro-bind", "/dev/null", path]),
    ...["--dev", "/dev"],
    ...["--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var/tmp"],
  ];
}

function etc(etcDir: string): readonly string[] {
  return [
    ...ETC.flatMap((name) => ["--ro-bind-try", `/etc/${name}`, `/etc/${name}`]),
    ...OWN_ETC.flatMap((name) => ["--ro-bind", `${etcDir}/${name}`, `/etc/${name}`]),
  ];
}

function own({ id, guestDir }: BwrapOptions): readonly string[] {
  const paths = guestPaths(id);
  return [
    ...["--bind", `${guestDir}/workspace`, paths.workspace],
    ...["--bind", `${guestDir}/exchange`, paths.exchange],
    ...["--bind", `${guestDir}/home`, paths.home],
  ];
}

function shown({ binds, links, aliases }: Programs): readonly string[] {
  const inside = (path: string) => binds.some((bind) => path.startsWith(`${bind}/`));
  return [
    ...binds.flatMap((path) => ["--ro-bind", path, path]),
    ...Object.entries(links).flatMap(([name, file]) => ["--symlink", file, `${GUEST_BIN}/${name}`]),
    ...Object.entries(aliases)
      .filter(([path]) => !inside(path))
      .flatMap(([path, file]) => ["--symlink", file, path]),
  ];
}

function network({ socketDir, helper }: NonNullable<BwrapOptions["net"]>): readonly string[] {
  return [...["--ro-bind", socketDir, GUEST_NET], ...["--ro-bind", helper, GUEST_NET_HELPER]];
}

function environment(options: BwrapOptions): readonly string[] {
  const env = {
    HOME: GUEST_HOME,
    USER: "agent",
    LOGNAME: "agent",
    SHELL: "/bin/sh",
    LANG: "C.UTF-8",
    PATH: `${GUEST_BIN}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin`,
    ...options.env,
    ...(options.turn === undefined ? {} : { CCO_TURN: GUEST_TURN }),
  };
  return Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]);
}
