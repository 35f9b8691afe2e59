import type { KafkaClient, TopicPartition } from '@millrace/kafka-client';
import {
  apis,
  batchHeader,
  controlTypeOf,
  decodeRecords,
  errorOf,
  iterateBatches,
  RecordSpans,
  type ResponseOf,
} from '@millrace/kafka-protocol';
import type { Read, SeenBatch, SeenRecord } from './history.ts';
import type { World } from './world.ts';

/** Looks at logs over the protocol, with a reading of its own: nothing of our consumer, so that both can be wrong. */

type Isolation = Read['isolation'];
type Fetched = ResponseOf<typeof apis.fetch>['responses'][number]['partitions'][number];

async function ask(client: KafkaClient, { topic, partition }: TopicPartition, fetchOffset: number, isolation: Isolation, maxBytes: number) {
  const connection = await client.connection(await client.leaderOf(topic, partition));
  const answer = await connection.request(apis.fetch, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes,
    isolationLevel: isolation === 'committed' ? 1 : 0,
    topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: maxBytes }] }],
  });
  return answer.responses[0]!.partitions[0]!;
}

function batchesOf({ records, abortedTransactions }: Fetched, isolation: Isolation): SeenBatch[] {
  const bytes = records ?? Buffer.alloc(0);
  const waiting = [...(abortedTransactions ?? [])];
  const aborted = new Set<number>();
  return [...iterateBatches(bytes)].map((at) => {
    const [baseOffset, lastOffset] = [batchHeader.baseOffset(bytes, at), batchHeader.lastOffset(bytes, at)];
    const producerId = batchHeader.producerId(bytes, at);
    while (isolation === 'committed' && waiting.length > 0 && waiting[0]!.firstOffset <= lastOffset)
      aborted.add(waiting.shift()!.producerId);
    if (batchHeader.isControl(bytes, at)) {
      const control = controlTypeOf(bytes, at) === 'abort' ? 'abort' : 'commit';
      if (control === 'abort') aborted.delete(producerId);
      return {
        baseOffset,
        lastOffset,
        control,
        records: [{ offset: baseOffset, timestampMs: batchHeader.maxTimestamp(bytes, at), key: null, value: null }],
      };
    }
    const isLeftOut = batchHeader.isTransactional(bytes, at) && aborted.has(producerId);
    return { baseOffset, lastOffset, control: undefined, records: isLeftOut ? [] : recordsIn(bytes, at) };
  });
}

function recordsIn(bytes: Buffer, at: number): SeenRecord[] {
  const spans = new RecordSpans(8);
  decodeRecords(bytes, at, at + batchHeader.sizeBytes(bytes, at), spans);
  return Array.from({ length: spans.count }, (_, i) => ({
    offset: spans.offsets[i]!,
    timestampMs: spans.timestamps[i]!,
    key: spans.key(i)?.toString() ?? null,
    value: spans.value(i)?.toString() ?? null,
  }));
}

const boundsOf = ({ logStartOffset, lastStableOffset, highWatermark }: Fetched) => ({ logStartOffset, lastStableOffset, highWatermark });

/** Reads on where it is, of one place after another; begins at the start of a log that it has fallen out of. */
export const observer =
  (places: readonly TopicPartition[]) =>
  async (world: World): Promise<void> => {
    const client = world.client('observer');
    const positions = new Map<string, number>();
    while (!world.ending.aborted) {
      try {
        await world.pause(60);
        const place = places[world.random.below(places.length)]!;
        const isolation = world.random.below(2) === 0 ? 'committed' : 'uncommitted';
        const key = `${place.topic}/${place.partition}/${isolation}`;
        const fromOffset = positions.get(key) ?? 0;
        const askedAt = world.events.length;
        const fetched = await ask(client, place, fromOffset, isolation, 1 + world.random.below(600));
        if (errorOf(fetched.errorCode).name === 'OFFSET_OUT_OF_RANGE') positions.set(key, Math.max(0, await startOf(client, place)));
        if (fetched.errorCode !== 0) continue;
        const batches = batchesOf(fetched, isolation);
        world.record({ kind: 'read', ...place, isolation, fromOffset, askedAt, batches, ...boundsOf(fetched) });
        positions.set(
          key,
          world.random.below(8) === 0 ? Math.max(0, fetched.logStartOffset) : (batches.at(-1)?.lastOffset ?? fromOffset - 1) + 1,
        );
      } catch {
        // Cut off, or the broker is away: it looks again.
      }
    }
  };

async function startOf(client: KafkaClient, place: TopicPartition): Promise<number> {
  return (await listOffset(client, place, -2)).offset;
}

async function listOffset(client: KafkaClient, { topic, partition }: TopicPartition, timestamp: number) {
  const connection = await client.connection(await client.leaderOf(topic, partition));
  const answer = await connection.request(apis.listOffsets, {
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
  });
  return answer.topics[0]!.partitions[0]!;
}

/** Takes down all that is in a place, and whether it is found again by offset and by time. */
export async function survey(world: World, client: KafkaClient, place: TopicPartition): Promise<void> {
  for (const isolation of ['uncommitted', 'committed'] as const) {
    const batches: SeenBatch[] = [];
    let fetched = await ask(client, place, await startOf(client, place), isolation, 1000);
    for (;;) {
      if (fetched.errorCode !== 0) {
        world.record({ kind: 'astray', what: `a scan of ${place.topic}[${place.partition}] met ${errorOf(fetched.errorCode).name}` });
        return;
      }
      const found = batchesOf(fetched, isolation);
      if (found.length === 0) break;
      batches.push(...found);
      fetched = await ask(client, place, found.at(-1)!.lastOffset + 1, isolation, 1000);
    }
    world.record({ kind: 'scanned', ...place, isolation, batches, ...boundsOf(fetched) });
    if (isolation === 'uncommitted') await lookUp(world, client, place, fetched);
  }
}

async function lookUp(world: World, client: KafkaClient, place: TopicPartition, { logStartOffset, highWatermark }: Fetched): Promise<void> {
  for (const timestampMs of [0, 1000, 1100, 1250, 1400, 1499, 1500]) {
    world.record({ kind: 'looked-up', ...place, timestampMs, offset: (await listOffset(client, place, timestampMs)).offset });
  }
  for (let fromOffset = logStartOffset; fromOffset < highWatermark; fromOffset += 1 + world.random.below(12)) {
    const [first] = batchesOf(await ask(client, place, fromOffset, 'uncommitted', 1), 'uncommitted');
    world.record({ kind: 'sought', ...place, fromOffset, baseOffset: first?.baseOffset ?? -1 });
  }
}
