import { createHash } from 'node:crypto';
import type { StreamDefinition } from '@millrace/catalog';
import { type FetchedPartition, type KafkaClient, listOffsets, openReader, type PartitionOffset } from '@millrace/kafka-client';
import { decodeHeaders, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { WriteOnce } from '../insert/write-once.ts';
import type { Services } from '../statements/services.ts';

/** The header of the first record of a batch that says which request it is of, and which batch of it. */
const header = 'millrace.ingest';

/** Remembered before anything is written: where to look for what an earlier try has written. */
interface Begun {
  readonly begunAt: readonly PartitionOffset[];
}

/** True if the answer to a request is not known yet, though its rows may be there. */
export function isBegun(remembered: object): remembered is Begun {
  return 'begunAt' in remembered;
}

/**
 * Writes the rows of an ingest request once. Kafka and the catalog cannot be written in one step; so the ends of the partitions are
 * remembered first, the batches carry a mark, and a later try looks for the marks behind those ends.
 */
export function ingestOnce(id: string, stream: StreamDefinition, { catalog, kafka }: Services): WriteOnce {
  const request = createHash('sha256').update(id).digest('hex').slice(0, 32);
  return {
    key: Buffer.from(request),
    mark: (number) => [{ key: header, value: Buffer.from(`${request}/${number}`) }],
    async begin() {
      const remembered = catalog.recallIngest(id);
      if (remembered !== undefined && isBegun(remembered)) return findMarks(request, remembered.begunAt, kafka);
      const begunAt = await ends(stream, kafka);
      await catalog.rememberIngest(id, { begunAt });
      return new Set();
    },
  };
}

async function ends({ topic, partitions: count }: StreamDefinition, kafka: KafkaClient): Promise<PartitionOffset[]> {
  const partitions = [...Array(count).keys()];
  const offsets = await listOffsets(kafka, topic, partitions, 'latest');
  return partitions.map((partition) => ({ topic, partition, offset: offsets[partition]! }));
}

/** The numbers of a request's batches that lie behind these offsets. */
async function findMarks(request: string, from: readonly PartitionOffset[], kafka: KafkaClient): Promise<Set<number>> {
  const found = new Set<number>();
  const open = await unread(from, kafka);
  if (open.size === 0) return found;
  const reader = openReader(kafka);
  try {
    reader.assign([...open.values()].map(({ position }) => position));
    while (open.size > 0) {
      for (const fetched of await reader.next()) {
        for (const number of marksIn(fetched, request)) found.add(number);
        reader.release(fetched);
        if (fetched.nextOffset >= (open.get(fetched.partition)?.end ?? 0)) open.delete(fetched.partition);
      }
    }
  } finally {
    await reader.close();
  }
  return found;
}

interface Unread {
  readonly position: PartitionOffset;
  readonly end: number;
}

/** What there is to read by partition: from where it was begun, or from where the log begins by now, to its end. */
async function unread(from: readonly PartitionOffset[], kafka: KafkaClient): Promise<Map<number, Unread>> {
  const { topic } = from[0]!;
  const partitions = from.map(({ partition }) => partition);
  const starts = await listOffsets(kafka, topic, partitions, 'earliest');
  const ends = await listOffsets(kafka, topic, partitions, 'latest');
  const all = from.map(({ partition, offset }, index): [number, Unread] => {
    return [partition, { position: { topic, partition, offset: Math.max(offset, starts[index]!) }, end: ends[index]! }];
  });
  return new Map(all.filter(([, { position, end }]) => position.offset < end));
}

function* marksIn({ bytes, batches }: FetchedPartition, request: string): Generator<number> {
  for (let index = 0; index < batches.length; index += 2) {
    const spans = new RecordSpans(64);
    decodeRecords(bytes, batches[index]!, batches[index + 1]!, spans);
    if (spans.count === 0 || spans.headerCounts[0] === 0) continue;
    const [mark] = decodeHeaders(spans, 0).filter(({ key }) => key === header);
    const [of, number] = mark?.value?.toString().split('/') ?? [];
    if (of === request) yield Number(number);
  }
}
