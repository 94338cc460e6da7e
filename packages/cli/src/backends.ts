/** What isolates, of what this version has. */
export const BACKENDS = ["local", "lima", "container", "kubernetes"] as const;

export type BackendName = (typeof BACKENDS)[number];
