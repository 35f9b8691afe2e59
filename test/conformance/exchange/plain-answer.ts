import { batchHeader, iterateBatches } from '@millrace/kafka-protocol';
import { recordsIn } from '../../../packages/broker/test/topic-client.ts';

/** Fields that no two runs have alike, with what stands for them in a recorded answer, and why. */
const ownFields: Readonly<Record<string, { readonly standsFor: (value: unknown) => unknown; readonly why: string }>> = {
  throttleTimeMs: { standsFor: () => 'any', why: 'how long a client is to wait is for each broker to say' },
  clusterId: { standsFor: (value) => typeof value, why: 'made at the first start' },
  errorMessage: { standsFor: () => 'any', why: 'each explains in its own words, or not at all' },
  documentation: { standsFor: (value) => (value === null ? null : 'text'), why: 'each explains in its own words' },
  logDir: { standsFor: (value) => typeof value, why: 'a path of the machine' },
  totalBytes: { standsFor: () => 'any', why: 'a size of the machine, which only Kafka tells' },
  usableBytes: { standsFor: () => 'any', why: 'a size of the machine, which only Kafka tells' },
  producerId: { standsFor: (value) => (Number(value) < 0 ? value : 'given'), why: 'given one after the other' },
  logAppendTimeMs: { standsFor: (value) => (Number(value) < 0 ? value : 'a time'), why: 'a time' },
  transactionStartTimeMs: { standsFor: (value) => (Number(value) <= 0 ? 'none' : 'a time'), why: 'a time; without one Kafka says 0 or -1' },
  lastTimestamp: { standsFor: (value) => (Number(value) < 0 ? value : 'a time'), why: 'a time' },
  timestamp: { standsFor: (value) => (Number(value) < 0 ? value : 'a time'), why: 'a time' },
  preferredReadReplica: { standsFor: () => 'any', why: 'there is one replica to read from' },
};

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const zero = '00000000-0000-0000-0000-000000000000';

/**
 * A decoded answer as plain data that is the same in every run: names without what makes them unique, lists of structs in an order of
 * their own (the protocol promises none), record batches as what is in them.
 */
export function plainAnswer(answer: unknown, run: string): unknown {
  return plain(answer, '', run);
}

function plain(value: unknown, name: string, run: string): unknown {
  const own = ownFields[name];
  if (own !== undefined) return own.standsFor(value);
  if (Buffer.isBuffer(value)) return name === 'records' ? batchesIn(value) : value.toString('latin1');
  if (typeof value === 'string') return value.replaceAll(run, 'run').replace(uuid, (id) => (id === zero ? id : 'uuid'));
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, '', run));
    return items.every((item) => typeof item === 'object') ? items.toSorted(byText) : items;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field, key, run)]));
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function batchesIn(records: Buffer) {
  return [...iterateBatches(records)].map((at) => {
    const end = at + batchHeader.sizeBytes(records, at);
    const values = recordsIn(records.subarray(at, end)).map(({ offset, value }) => `${offset}=${value}`);
    const attributes = batchHeader.attributes(records, at);
    return `${batchHeader.baseOffset(records, at)}-${batchHeader.lastOffset(records, at)} attributes ${attributes}: ${values}`;
  });
}
