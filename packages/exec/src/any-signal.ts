/** A signal that is aborted with `own`, and with `signal` where there is one. */
export function anySignal(signal: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return signal === undefined ? own : AbortSignal.any([signal, own]);
}
