/** Every exit code of `cco`. Scripts rely on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  agentFailed: 4,
  refused: 5,
  doesNotFit: 6,
  box: 7,
  lost: 8,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
