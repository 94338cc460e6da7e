/** Prefix of cco's own labels and annotations. */
const PREFIX = "cco.dev";

export const SESSION = `${PREFIX}/session`;
export const OWNER = `${PREFIX}/owner`;
export const POLICY = `${PREFIX}/network`;
/** When the agent was seen to run; an annotation, so that one list says it of all pods. */
export const STARTED = `${PREFIX}/started-at`;
export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const MANAGER = "cco";

/** Pod, Secret and policy of a session have one name. */
export function podName(guestId: string): string {
  return `cco-${guestId}`;
}

/** The Secret with a session's credentials. */
export function credentialsName(guestId: string): string {
  return `${podName(guestId)}-credentials`;
}

/** A label's value: at most 63 letters, digits, `-`, `_` and `.`, the first and last a letter or digit. */
export function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, 63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
