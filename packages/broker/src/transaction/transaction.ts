import type { OffsetToCommit } from '../group/group-coordinator.ts';

/**
 * Empty or CompleteX → Ongoing (with the first partition or group) → PrepareX (decided, and written down) → CompleteX (everywhere).
 * @see KIP-98, "Transaction coordinator"
 */
export type TransactionState = (typeof transactionStates)[number];

export const transactionStates = ['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'] as const;

export type Outcome = 'commit' | 'abort';

/** What becomes of the epoch when a transaction ends. `kept`: the next transaction has it too. `own`: the next one has another (KIP-890). */
export type EpochChange = 'kept' | 'own';

/** Who speaks: an id with the epoch that tells it from those it fenced. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What is known of a transactional id: its producer and its newest transaction. Never changed, only replaced. */
export interface Transaction extends ProducerIdentity {
  readonly id: string;
  readonly state: TransactionState;
  /** Who it was before it got its newest epoch by naming itself, or by the end of a transaction; -1 for none. @see KIP-360, KIP-890 */
  readonly lastProducerId: number;
  readonly lastProducerEpoch: number;
  /** True if the end of the newest transaction gave it its epoch: then who asks for that end again names the epoch before. */
  readonly hasOwnEpoch: boolean;
  /** Its id as soon as its end is everywhere, where the epochs of the present one are used up; else -1. */
  readonly nextProducerId: number;
  readonly timeoutMs: number;
  /** Of the newest transaction; -1 before the first. */
  readonly startedAtMs: number;
  readonly changedAtMs: number;
  readonly partitions: ReadonlyMap<string, readonly number[]>;
  /** Offsets to commit with it, by group; a group that was only announced has none. */
  readonly offsets: ReadonlyMap<string, readonly OffsetToCommit[]>;
}

/** One less than the largest, which is left for fencing. */
const lastUsableEpoch = 2 ** 15 - 2;
const epochMax = 2 ** 15 - 1;
const none = -1;
const nothing = { partitions: new Map(), offsets: new Map() } as const;

export function newTransaction(id: string, producerId: number, timeoutMs: number, nowMs: number): Transaction {
  return {
    id,
    state: 'Empty',
    producerId,
    producerEpoch: 0,
    lastProducerId: none,
    lastProducerEpoch: none,
    hasOwnEpoch: false,
    nextProducerId: none,
    timeoutMs,
    startedAtMs: none,
    changedAtMs: nowMs,
    ...nothing,
  };
}

export function isPreparing({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort';
}

/** True while something is left to do for it. */
export function isOpen(transaction: Transaction): boolean {
  return transaction.state === 'Ongoing' || isPreparing(transaction);
}

/** Who the producer is to be once what has been decided is everywhere: already now nobody else is answered. */
export function upcoming({ producerId, producerEpoch, nextProducerId }: Transaction): ProducerIdentity {
  return nextProducerId === none ? { producerId, producerEpoch } : { producerId: nextProducerId, producerEpoch: 0 };
}

/**
 * True if what is open in a partition is of this transaction. Not so where a loss of power took the end of it, and the producer's next
 * one had begun: that has the epoch that was to follow.
 */
export function isOf({ producerId, producerEpoch, hasOwnEpoch }: Transaction, open: ProducerIdentity): boolean {
  return open.producerId === producerId && (!hasOwnEpoch || open.producerEpoch < producerEpoch);
}

/** True if a producer that names itself is the one that counts. */
export function isCurrent(transaction: Transaction, { producerId, producerEpoch }: ProducerIdentity): boolean {
  const current = upcoming(transaction);
  return producerId === current.producerId && producerEpoch === current.producerEpoch;
}

/** True if a producer asks again for the epoch that it got already, its answer having been lost. */
export function isRepeated(transaction: Transaction, { producerId, producerEpoch }: ProducerIdentity): boolean {
  return producerEpoch >= 0 && producerId === transaction.lastProducerId && producerEpoch === transaction.lastProducerEpoch;
}

/** True if the next producer needs a new id, the epochs of this one being used up. */
export function isExhausted({ producerEpoch }: Transaction): boolean {
  return producerEpoch >= lastUsableEpoch;
}

/**
 * The next producer: with the next epoch, or with a new id and epoch 0.
 * @param named the producer that asks, if it named itself.
 */
export function withNextProducer(
  transaction: Transaction,
  newProducerId: number | undefined,
  timeoutMs: number,
  named: ProducerIdentity | undefined,
  nowMs: number,
): Transaction {
  return {
    ...transaction,
    ...nothing,
    state: 'Empty',
    producerId: newProducerId ?? transaction.producerId,
    producerEpoch: newProducerId === undefined ? transaction.producerEpoch + 1 : 0,
    lastProducerId: named === undefined ? none : transaction.producerId,
    lastProducerEpoch: named?.producerEpoch ?? none,
    hasOwnEpoch: false,
    timeoutMs,
    startedAtMs: none,
    changedAtMs: nowMs,
  };
}

/** The transaction that is going on, or a new one. */
function ongoing(transaction: Transaction, nowMs: number): Transaction {
  if (transaction.state === 'Ongoing') return { ...transaction, changedAtMs: nowMs };
  return { ...transaction, ...nothing, state: 'Ongoing', hasOwnEpoch: false, startedAtMs: nowMs, changedAtMs: nowMs };
}

export function includes({ state, partitions }: Transaction, topic: string, partition: number): boolean {
  return state === 'Ongoing' && (partitions.get(topic)?.includes(partition) ?? false);
}

export function withPartitions(
  transaction: Transaction,
  added: readonly { readonly topic: string; readonly partition: number }[],
  nowMs: number,
): Transaction {
  const next = ongoing(transaction, nowMs);
  const partitions = new Map(next.partitions);
  for (const { topic, partition } of added) {
    const known = partitions.get(topic) ?? [];
    if (!known.includes(partition)) partitions.set(topic, [...known, partition]);
  }
  return { ...next, partitions };
}

/** The later offset of a partition replaces the earlier. */
export function withOffsets(transaction: Transaction, group: string, added: readonly OffsetToCommit[], nowMs: number): Transaction {
  const next = ongoing(transaction, nowMs);
  const isReplaced = (known: OffsetToCommit) =>
    added.some(({ topic, partition }) => topic === known.topic && partition === known.partition);
  const kept = (next.offsets.get(group) ?? []).filter((known) => !isReplaced(known));
  return { ...next, offsets: new Map(next.offsets).set(group, [...kept, ...added]) };
}

/**
 * A transaction whose outcome is decided. Its markers carry the new epoch, so that each partition refuses what comes late.
 * @param nextProducerId if the epoch is changed to `own` and there is none left but the last.
 */
export function prepared(
  transaction: Transaction,
  outcome: Outcome,
  epoch: EpochChange,
  nextProducerId: number | undefined,
  nowMs: number,
): Transaction {
  const { producerId, producerEpoch, state, startedAtMs } = transaction;
  const next: Transaction = {
    ...transaction,
    state: outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
    hasOwnEpoch: epoch === 'own',
    startedAtMs: state === 'Ongoing' ? startedAtMs : nowMs,
    changedAtMs: nowMs,
  };
  if (epoch === 'kept') return next;
  return {
    ...next,
    producerEpoch: Math.min(producerEpoch + 1, epochMax),
    lastProducerId: producerId,
    lastProducerEpoch: producerEpoch,
    nextProducerId: nextProducerId ?? none,
  };
}

export function completed(transaction: Transaction, nowMs: number): Transaction {
  const state = transaction.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort';
  return { ...transaction, ...nothing, ...upcoming(transaction), nextProducerId: none, state, changedAtMs: nowMs };
}

export function encodeTransaction(transaction: Transaction): Buffer {
  return Buffer.from(JSON.stringify({ ...transaction, partitions: [...transaction.partitions], offsets: [...transaction.offsets] }));
}

export function decodeTransaction(bytes: Buffer): Transaction {
  const plain = JSON.parse(bytes.toString());
  // What was written before transactions had epochs of their own lacks these.
  return { hasOwnEpoch: false, nextProducerId: none, ...plain, partitions: new Map(plain.partitions), offsets: new Map(plain.offsets) };
}
