import { readAsset } from "@cco/exec";

/** The script that starts, supervises and shows a session; it goes into its control folder as `launch`. */
export function launchScript(): Promise<string> {
  return readAsset(new URL("./launch.sh", import.meta.url));
}

/**
 * The last step in the sandbox before the agent, for `sh -c <this> cco AGENT…` with the
 * supervisor's descriptor 9 open. A function `box_inside` put before it runs first; where that
 * fails, the start failed.
 */
export function insideScript(): Promise<string> {
  return readAsset(new URL("./inside.sh", import.meta.url));
}

/** First process of an agent's container or pod: `sh -c <this> entry ID`. */
export function entryScript(): Promise<string> {
  return readAsset(new URL("./entry.sh", import.meta.url));
}

/** First process of the container beside it: `sh -c <this> keeper ID <launchScript> <box.sh> [AFTER…]`. */
export function keeperScript(): Promise<string> {
  return readAsset(new URL("./keeper.sh", import.meta.url));
}
