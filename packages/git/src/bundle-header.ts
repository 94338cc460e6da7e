export type ObjectFormat = "sha1" | "sha256";

export interface BundleHeader {
  readonly objectFormat: ObjectFormat;
  /** Commits that the receiver must have. */
  readonly prerequisites: readonly string[];
  readonly refs: readonly { readonly sha: string; readonly name: string }[];
}

/**
 * The text before the pack in a bundle (gitformat-bundle(5)); version 3 only where the
 * object format needs it.
 */
export function bundleHeader(header: BundleHeader): string {
  const refs = header.refs.map(({ sha, name }) => {
    if (/[\0\n ]/.test(name)) throw new TypeError(`not a ref name: ${JSON.stringify(name)}`);
    return `${sha} ${name}`;
  });
  const start =
    header.objectFormat === "sha1"
      ? ["# v2 git bundle"]
      : ["# v3 git bundle", `@object-format=${header.objectFormat}`];
  const prerequisites = header.prerequisites.map((sha) => `-${sha} `);
  return [...start, ...prerequisites, ...refs, "", ""].join("\n");
}
