import { MillraceError } from '@millrace/core';
import { type Admin, type KafkaClient, listOffsets, openReader, openTransactionalProducer } from '@millrace/kafka-client';
import { decodeHeaders, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import type { SharedReader, SharedRecord, SharedTopic, SharedWriter } from './shared-topic.ts';

/** How long one step of a change may take. */
const stepTimeoutMs = 8000;
const idHeader = 'millrace.change';
const configs = {
  'cleanup.policy': 'compact',
  // A server that sleeps for less learns of every drop.
  'delete.retention.ms': String(30 * 86_400_000),
};

/**
 * The topic in Kafka. Who writes holds its transactional id: whoever opens a producer with that fences the one before, and what the
 * fenced one has not committed is aborted.
 */
export class KafkaSharedTopic implements SharedTopic {
  readonly name: string;
  readonly #kafka: KafkaClient;
  readonly #admin: Admin;
  readonly #replicationFactor: number;

  constructor(name: string, kafka: KafkaClient, admin: Admin, replicationFactor: number) {
    this.name = name;
    this.#kafka = kafka;
    this.#admin = admin;
    this.#replicationFactor = replicationFactor;
  }

  async make(): Promise<void> {
    const { name } = this;
    // Asked first for the connection, which fails soon: the administrator tries for longer.
    await this.#kafka.metadataOnce([]);
    const isMade = await this.#admin.createTopic({ topic: name, partitions: 1, replicationFactor: this.#replicationFactor, configs });
    if (isMade) return;
    const policy = (await this.#admin.describeTopicConfigs(name)).find((entry) => entry.name === 'cleanup.policy')?.value;
    if (policy === 'compact') return;
    throw new MillraceError('CONFIG_INVALID', `cluster: the topic ${name} has cleanup.policy=${policy}, and would forget the catalog`, {
      hint: 'alter the topic to cleanup.policy=compact, or name the cluster otherwise',
      details: { topic: name },
    });
  }

  async end(): Promise<number> {
    const [end] = await listOffsets(this.#kafka, this.name, [0], 'latest', 'read_committed');
    return end!;
  }

  read(from: number): SharedReader {
    return new KafkaSharedReader(this.#kafka, this.name, from);
  }

  async takeOver(): Promise<SharedWriter> {
    const producer = await openTransactionalProducer(this.#kafka, {
      transactionalId: `${this.name}.writer`,
      transactionTimeoutMs: stepTimeoutMs,
      operationTimeoutMs: stepTimeoutMs,
    });
    return {
      write: async (records) => {
        producer.begin();
        try {
          for (const { key, value, id } of records) {
            const headers = [{ key: idHeader, value: Buffer.from(id) }];
            const room = producer.append(this.name, 0, this.#kafka.clock.now(), key, value, headers);
            if (room) await room;
          }
          await producer.commit();
        } catch (failure) {
          await producer.abort().catch(() => {});
          throw failure;
        }
      },
      close: () => producer.close(),
    };
  }
}

class KafkaSharedReader implements SharedReader {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #from: number;
  readonly #reader: ReturnType<typeof openReader>;
  #isAssigned = false;

  constructor(kafka: KafkaClient, topic: string, from: number) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#from = from;
    this.#reader = openReader(kafka, { isolation: 'read_committed' });
  }

  async next(): Promise<{ records: SharedRecord[]; nextOffset: number }> {
    if (!this.#isAssigned) {
      const [start] = await listOffsets(this.#kafka, this.#topic, [0], 'earliest');
      this.#reader.assign([{ topic: this.#topic, partition: 0, offset: Math.max(start!, this.#from) }]);
      this.#isAssigned = true;
    }
    const records: SharedRecord[] = [];
    let nextOffset = -1;
    for (const fetched of await this.#reader.next()) {
      const spans = new RecordSpans();
      for (let i = 0; i < fetched.batches.length; i += 2) {
        spans.clear();
        decodeRecords(fetched.bytes, fetched.batches[i]!, fetched.batches[i + 1]!, spans, { fromOffset: fetched.fromOffset });
        for (let row = 0; row < spans.count; row++) records.push(recordOf(spans, row));
      }
      this.#reader.release(fetched);
      nextOffset = fetched.nextOffset;
    }
    return { records, nextOffset };
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function recordOf(spans: RecordSpans, row: number): SharedRecord {
  const [key, value] = [spans.key(row), spans.value(row)];
  const id = decodeHeaders(spans, row).find(({ key: name }) => name === idHeader)?.value;
  return {
    offset: spans.offsets[row]!,
    key: Buffer.from(key ?? ''),
    value: value && Buffer.from(value),
    id: id?.toString() ?? '',
  };
}
