import type { RecordHeader } from '@millrace/kafka-protocol';

/** The header that says which clusters a record has passed through pipes: their names, encoded as in URIs, with commas between. */
const clustersHeader = 'millrace.clusters';

/** Names of the clusters that a record has passed, in order; none if it came through no pipe. */
export function passedClusters(headers: readonly RecordHeader[]): readonly string[] {
  const value = headers.findLast(({ key }) => key === clustersHeader)?.value;
  if (value == null || value.length === 0) return [];
  return value.toString().split(',').map(decoded);
}

/** What else wrote the header may not know of the encoding. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
