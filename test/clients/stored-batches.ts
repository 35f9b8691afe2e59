import { KafkaClient, listOffsets, openReader } from '@millrace/kafka-client';
import { batchHeader, compressions } from '@millrace/kafka-protocol';
import type { Codec } from './foreign-client.ts';

/** What a partition really holds, batch by batch: a client that quietly does not compress is not seen otherwise. */
export interface StoredBatch {
  readonly codec: Codec;
  readonly isIdempotent: boolean;
  readonly recordCount: number;
}

export async function storedBatches(brokers: string, topic: string, partition: number): Promise<StoredBatch[]> {
  const kafka = new KafkaClient({ brokers: brokers.split(','), clientId: 'stored-batches' });
  const [end] = await listOffsets(kafka, topic, [partition], 'latest');
  const reader = openReader(kafka);
  const stored: StoredBatch[] = [];
  reader.assign([{ topic, partition, offset: 0 }]);
  for (let position = 0; position < end!; ) {
    for (const { bytes, batches, nextOffset } of await reader.next()) {
      for (let at = 0; at < batches.length; at += 2) stored.push(describeBatch(bytes, batches[at]!));
      position = nextOffset;
    }
  }
  await reader.close();
  await kafka.close();
  return stored;
}

function describeBatch(bytes: Buffer, at: number): StoredBatch {
  return {
    codec: compressions[batchHeader.compression(bytes, at)]!,
    isIdempotent: batchHeader.producerId(bytes, at) >= 0,
    recordCount: batchHeader.recordCount(bytes, at),
  };
}
