/**
 * Records of `fields` values each, from a format that ends every field with NUL.
 * The line break git puts after each record is dropped; one inside a field stays.
 */
export function parseRecords(output: Buffer, fields: number): string[][] {
  const values = output.toString("utf8").split("\0");
  const records: string[][] = [];
  for (let at = 0; at + fields < values.length; at += fields) {
    const record = values.slice(at, at + fields);
    records.push([(record[0] ?? "").replace(/^\n/, ""), ...record.slice(1)]);
  }
  return records;
}

/** The values of `-z` output. */
export function parseNul(output: Buffer): string[] {
  const values = output.toString("utf8").split("\0");
  return values.at(-1) === "" ? values.slice(0, -1) : values;
}
