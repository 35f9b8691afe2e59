/** One entry of a changelog. A value of null says that the key is gone. */
export type PutEntry = (key: Uint8Array, value: Uint8Array | null) => void;

/** A live entry, as a changelog or a snapshot gives it back. */
export interface StateEntry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/**
 * The state of one operator as entries of a changelog: a map from keys to values, of which only what changed is handed out.
 *
 * Keys are unique within the operator; who keeps several operators puts its own prefix before them. Order: a later put of a key
 * wins over an earlier one, and nothing else depends on the order. No entry is larger than {@link maxEntryBytes}, key included.
 * Every entry carries a checksum over its key, its value and the schema.
 */
export interface OperatorState {
  /** What the entries mean: a text that changes when their format, or the types that they hold, do. It is among the entries. */
  readonly schema: string;
  /** Hands out what changed since the last call, and counts as unchanged from then on. Keys and values are valid until `put` returns. */
  takeChanges(put: PutEntry): void;
  /** True if {@link takeChanges} would hand out something. Cheap. */
  readonly isDirty: boolean;
  /**
   * Takes all live entries, in any order, once, before the first chunk. Their buffers must stay as they are until it returns.
   * Without entries the operator is as new.
   * @throws {MillraceError} STATE_INVALID if they are of another schema (details: operator, expected, found), damaged, or not all there.
   * The operator must not be used then.
   */
  restore(entries: Iterable<StateEntry>): void;
}

/** The bound on an entry, so that it passes as a record wherever Kafka's default bound (1 MiB) holds. */
export const maxEntryBytes = 512 * 1024;
