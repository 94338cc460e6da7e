/** Flags that every command takes. */
export interface Globals {
  readonly json: boolean;
  /** Ids only on stdout, no notes on stderr. */
  readonly quiet: boolean;
  /** Each external command with its time, on stderr. */
  readonly verbose: boolean;
  readonly color: boolean;
  /** Absolute folder whose repository is meant. */
  readonly repo: string;
  /** The machine whose box is meant, as ssh knows it. Default: this one. */
  readonly host?: string | undefined;
}
