/** What the clients of a broker have seen, in the order in which they saw it. All a checker knows. */

/** A record that a producer handed over; its value is known nowhere else. */
export interface Sent {
  readonly kind: 'sent';
  readonly producer: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: string;
  /** The transaction that it is of. */
  readonly transaction?: string;
}

/** The records are written, as the broker says. */
export interface Acknowledged {
  readonly kind: 'acknowledged';
  readonly values: readonly string[];
  /** Of the first of them, if it was told. */
  readonly baseOffset?: number;
}

/** A producer decides: from here on the transaction may be seen, or (abort) never. */
export interface Ending {
  readonly kind: 'ending';
  readonly transaction: string;
  readonly outcome: 'commit' | 'abort';
}

/**
 * What a producer learnt of the end. `unknown`: it did not, or gave up; what was to be committed may be seen, wholly, or not at all.
 * `refused`: another had the transactional id, or the brokers had aborted it before.
 */
export interface Ended {
  readonly kind: 'ended';
  readonly transaction: string;
  readonly result: 'committed' | 'aborted' | 'refused' | 'unknown';
}

/** An offset that is to be committed, with a transaction or without. */
export interface Committing {
  readonly kind: 'committing';
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly transaction?: string;
}

/** The broker has taken the offset (of no transaction). */
export interface Committed {
  readonly kind: 'committed';
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The committed offset as it was told; −1 for none. */
export interface OffsetSeen {
  readonly kind: 'offset-seen';
  /** How many events there were when it was asked for: what was learnt since may be newer than the answer. */
  readonly askedAt: number;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A batch as a fetch brought it. */
export interface SeenBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly control: 'commit' | 'abort' | undefined;
  /** Without those that a reader of committed records leaves out, if it was one. */
  readonly records: readonly SeenRecord[];
}

export interface SeenRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** What one fetch brought of a partition. */
export interface Read {
  readonly kind: 'read';
  /** As of {@link OffsetSeen}. */
  readonly askedAt: number;
  readonly topic: string;
  readonly partition: number;
  readonly isolation: 'committed' | 'uncommitted';
  readonly fromOffset: number;
  readonly batches: readonly SeenBatch[];
  readonly logStartOffset: number;
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

/** Everything from its start on, read when nothing was going on any more; reads before it do not count as whole. */
export interface Scanned {
  readonly kind: 'scanned';
  readonly topic: string;
  readonly partition: number;
  readonly isolation: 'committed' | 'uncommitted';
  readonly batches: readonly SeenBatch[];
  readonly logStartOffset: number;
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

/** An answer to "which is the first record at or after this time" (−3: the newest), given of the log as it was scanned. */
export interface LookedUp {
  readonly kind: 'looked-up';
  readonly topic: string;
  readonly partition: number;
  readonly timestampMs: number;
  readonly offset: number;
}

/** The first batch of a fetch from an offset, of the log as it was scanned. */
export interface Sought {
  readonly kind: 'sought';
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  /** −1 if nothing came. */
  readonly baseOffset: number;
}

/** A start of the log was asked for and granted: what lies before may be gone. */
export interface Deleting {
  readonly kind: 'deleting';
  readonly topic: string;
  readonly partition: number;
  readonly beforeOffset: number;
}

/** A topic that exists, or exists no more, as the broker has confirmed; `unknown` if an attempt was made whose result was not told. */
export interface TopicTold {
  readonly kind: 'topic-told';
  readonly topic: string;
  readonly state: 'made' | 'deleted' | 'unknown';
}

/** The topics that the broker lists. */
export interface TopicsSeen {
  readonly kind: 'topics-seen';
  readonly topics: readonly string[];
}

/** A client was told something that no correct client may be told, or nothing at all. */
export interface Astray {
  readonly kind: 'astray';
  readonly what: string;
}

/** The broker has ended and begun again. After `loss` what was acknowledged may be gone: power was lost and nothing was flushed. */
export interface Restarted {
  readonly kind: 'restarted';
  readonly after: 'close' | 'crash' | 'power' | 'loss';
}

export type Event =
  | Sent
  | Acknowledged
  | Ending
  | Ended
  | Committing
  | Committed
  | OffsetSeen
  | Read
  | Scanned
  | LookedUp
  | Sought
  | Deleting
  | TopicTold
  | TopicsSeen
  | Astray
  | Restarted;

/** In the value of a copy, behind this stands the value that it is of. */
export const copyMark = '<';

/** How the topics are kept. */
export interface TopicPromise {
  /** Only the last record of a key need be there. */
  readonly isCompacted: boolean;
  /** Old records may go by themselves. */
  readonly isRetained: boolean;
}

export type Promises = ReadonlyMap<string, TopicPromise>;
