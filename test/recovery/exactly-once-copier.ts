/**
 * Copies a topic in transactions, each with the group's offsets, as a process that may be killed at any moment:
 * `<brokers> <source> <target> <group> <instance id, or nothing for a dynamic member> <seed>`.
 * Ends by itself when all is copied (exit code 0), or when another took over (3). Prints what it is about to do, with the sum of
 * its offsets: `from`, `at` (within a transaction), `committing`, `committed`.
 */
import { asMillraceError, MillraceError, SeededRandom } from '@millrace/core';
import {
  type FetchedPartition,
  type GroupIdentity,
  joinGroup,
  KafkaClient,
  openReader,
  openTransactionalProducer,
  type PartitionOffset,
  type TopicPartition,
} from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';

const [brokers, source, target, group, instanceId, seed] = process.argv.slice(2) as [string, string, string, string, string, string];
const takenOver = 3;
const recordsPerTransactionMax = 4_000;
/** What the work on a piece takes at most, so that most moments lie within a transaction. */
const workMs = 8;

const random = new SeededRandom(Number(seed));
const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'copier' });
const { partitions } = (await client.metadata([source]))[0]!;
const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 100, maxPartitionBytes: 16 * 1024, maxFetchBytes: 64 * 1024 });
const producer = await openTransactionalProducer(client, { transactionalId: group, transactionTimeoutMs: 10_000, lingerMs: 1 });

/** What it owns, where it stands, and who it is to the group; replaced as a whole when the group rebalances. */
interface Term {
  readonly identity: GroupIdentity;
  readonly offsets: Map<number, number>;
  /** Ends of what is decided, as far as they are known. */
  readonly ends: Map<number, number>;
  /** The offsets that are committed. */
  committed: readonly PartitionOffset[];
}
let term: Term | undefined;

const member = joinGroup(client, {
  groupId: group,
  topics: [source],
  sessionTimeoutMs: 1_500,
  ...(instanceId === '' ? {} : { instanceId }),
  onAssigned: async (owned) => begin(owned),
  onRevoked: () => {
    term = undefined;
    reader.assign([]);
  },
  onFailed: end,
});

async function begin(owned: readonly TopicPartition[]): Promise<void> {
  const { memberId, generation, groupInstanceId } = member;
  const known = await member.committed(owned);
  const committed = owned.map(({ topic, partition }) => {
    return known.find((of) => of.partition === partition) ?? { topic, partition, offset: 0 };
  });
  const offsets = new Map(committed.map(({ partition, offset }) => [partition, offset]));
  term = { identity: { memberId, generation, groupInstanceId: groupInstanceId ?? null }, offsets, ends: new Map(), committed };
  say('from', offsets);
  reader.assign(committed);
}

function say(what: string, offsets: ReadonlyMap<number, number>): void {
  process.stdout.write(`${what} ${[...offsets.values()].reduce((sum, offset) => sum + offset, 0)}\n`);
}

function end(error: unknown): never {
  const { code, message } = asMillraceError(error);
  process.stderr.write(`${message}\n`);
  process.exit(code === 'KAFKA_FENCED' || code === 'KAFKA_REQUEST_REFUSED' ? takenOver : 1);
}

const spans = new RecordSpans();

/** Appends the upper case of each value, to the partition behind the source's. */
async function copy({ bytes, batches, fromOffset, partition }: FetchedPartition): Promise<number> {
  const to = (partition + 1) % partitions.length;
  let copied = 0;
  for (let index = 0; index < batches.length; index += 2) {
    spans.clear();
    decodeRecords(bytes, batches[index]!, batches[index + 1]!, spans, { fromOffset });
    let room: Promise<void> | undefined;
    for (let row = 0; row < spans.count; row++) {
      room =
        producer.append(target, to, spans.timestamps[row]!, spans.key(row), Buffer.from(spans.value(row)!.toString().toUpperCase())) ??
        undefined;
    }
    copied += spans.count;
    await room;
  }
  return copied;
}

/** Copies until it is time to commit. @returns false if all of the source is copied. */
async function oneTransaction(): Promise<boolean> {
  const limit = 1 + random.below(recordsPerTransactionMax);
  let of: Term | undefined;
  for (let count = 0; ; ) {
    for (const fetched of await reader.next()) {
      of ??= term;
      if (of === undefined || of !== term) throw new MillraceError('KAFKA_REQUEST_REFUSED', 'the group rebalances', { retryable: true });
      if (!producer.inTransaction) producer.begin();
      if (count > 0) say('at', of.offsets);
      count += await copy(fetched);
      of.offsets.set(fetched.partition, fetched.nextOffset);
      of.ends.set(fetched.partition, fetched.lastStableOffset);
      reader.release(fetched);
      await new Promise((resolve) => setTimeout(resolve, random.below(workMs)));
    }
    if (of === undefined) continue;
    const { offsets, ends, identity } = of;
    const isDone = [...offsets].every(([partition, offset]) => offset >= (ends.get(partition) ?? Number.POSITIVE_INFINITY));
    if (count < limit && !isDone) continue;
    const committed = [...offsets].map(([partition, offset]) => ({ topic: source, partition, offset }));
    say('committing', offsets);
    await producer.sendOffsets(group, committed, identity);
    await producer.commit();
    of.committed = committed;
    say('committed', offsets);
    return !(isDone && offsets.size === partitions.length);
  }
}

for (let goesOn = true; goesOn; ) {
  try {
    goesOn = await oneTransaction();
  } catch (error) {
    process.stderr.write(`${asMillraceError(error).message}\n`);
    await producer.abort().catch(end);
    const again = term;
    if (again !== undefined) {
      for (const { partition, offset } of again.committed) again.offsets.set(partition, offset);
      reader.assign(again.committed);
    }
  }
}
await member.leave();
await producer.close();
await reader.close();
await client.close();
