import type { SeededRandom } from '@millrace/core';
import {
  type Api,
  apis,
  type Compression,
  encodeAssignment,
  encodeBatch,
  encodeRequest,
  encodeResponse,
  encodeSubscription,
  type Shape,
  zeroUuid,
} from '@millrace/kafka-protocol';

/** Messages that are valid, and of names and numbers that mostly mean something to a broker with a few topics. */

type Options = Shape[string]['options'];
type WireType = Shape[string]['type'];

const words = ['t', 'u', 'compacted', 'g', 'h', 'tx', 'consumer', 'range', 'cleanup.policy', 'compact', 'retention.ms', '-1', 'm', ''];
const codecs: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const all = Object.values(apis) as Api[];

/** Ranges, from and below, for fields whose numbers would otherwise mean nothing. */
const ranges: Readonly<Record<string, readonly [from: number, below: number]>> = {
  acks: [-1, 2],
  partition: [0, 3],
  partitionIndex: [0, 3],
  index: [0, 3],
  fetchOffset: [0, 40],
  offset: [-1, 40],
  committedOffset: [0, 40],
  timestamp: [-5, 2000],
  maxWaitMs: [0, 20],
  timeoutMs: [0, 20],
  minBytes: [0, 100],
  maxBytes: [0, 100_000],
  partitionMaxBytes: [0, 100_000],
  isolationLevel: [0, 2],
  sessionId: [0, 1],
  currentLeaderEpoch: [-1, 1],
  leaderEpoch: [-1, 1],
  numPartitions: [-1, 4],
  count: [1, 5],
  replicationFactor: [-1, 2],
  producerId: [-1, 10],
  producerEpoch: [-1, 3],
  generationId: [-1, 4],
  sessionTimeoutMs: [1000, 7000],
  rebalanceTimeoutMs: [10, 100],
  transactionTimeoutMs: [100, 1000],
  configOperation: [0, 4],
  resourceType: [2, 5],
  errorCode: [0, 3],
};

const pick = <T>(items: readonly T[], random: SeededRandom): T => items[random.below(items.length)]!;
const noise = (random: SeededRandom, lengthBelow: number) =>
  Buffer.from(Array.from({ length: random.below(lengthBelow) }, () => random.below(256)));

function numberOf(name: string, bits: number, random: SeededRandom): number {
  const range = ranges[name];
  if (range !== undefined && random.below(20) > 0) return range[0] + random.below(range[1] - range[0]);
  if (random.below(2) === 0) return random.below(4) - 1;
  return bits > 32 ? random.below(2 ** 52) - 2 ** 51 : Math.floor(random.uint32() % 2 ** bits) - 2 ** (bits - 1);
}

/** A record batch, mostly of a transaction or of an idempotent producer. */
export function batch(random: SeededRandom): Buffer {
  const records = Array.from({ length: 1 + random.below(6) }, () => ({
    timestampMs: random.below(1_000_000),
    key: random.below(3) === 0 ? null : noise(random, 12),
    value: random.below(6) === 0 ? null : Buffer.alloc(random.below(random.below(10) === 0 ? 5000 : 60), random.below(256)),
    headers: random.below(4) === 0 ? [{ key: 'h', value: noise(random, 8) }] : [],
  }));
  const compression = pick(codecs, random);
  if (random.below(2) === 0) return encodeBatch(records, { compression });
  const producer = { producerId: random.below(10), producerEpoch: random.below(3), baseSequence: random.below(4) };
  return encodeBatch(records, { compression, ...producer, transactional: random.below(2) === 0 });
}

function byteString(random: SeededRandom): Buffer {
  switch (random.below(4)) {
    case 0:
      return encodeSubscription(random.below(2) === 0 ? 0 : 3, { topics: ['t'], userData: null, ownedPartitions: [], rackId: null });
    case 1:
      return encodeAssignment(0, { assignedPartitions: [{ topic: 't', partitions: [0, 1] }], userData: null });
    default:
      return noise(random, 40);
  }
}

function value(type: WireType, name: string, version: number, random: SeededRandom): unknown {
  switch (type.kind) {
    case 'bool':
      return random.below(2) === 0;
    case 'int8':
      return numberOf(name, 8, random);
    case 'int16':
      return numberOf(name, 16, random);
    case 'int32':
      return numberOf(name, 32, random);
    case 'int64':
      return numberOf(name, 64, random);
    case 'string':
      return random.below(20) === 0 ? noise(random, 300).toString('latin1') : pick(words, random);
    case 'uuid':
      return random.below(2) === 0 ? zeroUuid : random.uuid();
    case 'bytes':
      return byteString(random);
    case 'records':
      return Buffer.concat(Array.from({ length: random.below(8) === 0 ? 2 : 1 }, () => batch(random)));
    case 'array':
      return Array.from({ length: random.below(4) }, () => value(type.element!, name, version, random));
    case 'struct':
      return message(type.fields!, version, random);
  }
}

function isPresent({ from = 0, to = Number.POSITIVE_INFINITY }: Options, version: number): boolean {
  return version >= from && version <= to;
}

/** A message with every field that the version has. */
function message(shape: Shape, version: number, random: SeededRandom): Record<string, unknown> {
  const fields = Object.entries(shape).filter(([, { options }]) => isPresent(options, version));
  return Object.fromEntries(
    fields.map(([name, { type, options }]) => {
      const isNullable = options.nullable === true || version >= (options.nullableFrom ?? Number.POSITIVE_INFINITY);
      return [name, isNullable && random.below(6) === 0 ? null : value(type, name, version, random)];
    }),
  );
}

/** An API in one of its versions. */
export interface Form {
  readonly api: Api;
  readonly version: number;
}

export function form(random: SeededRandom): Form {
  const api = pick(all, random);
  const [min, max] = api.versions;
  return { api, version: min + random.below(max - min + 1) };
}

/** A valid request, without its size. */
export function request({ api, version }: Form, random: SeededRandom): Buffer {
  const header = { correlationId: random.below(100), clientId: random.below(5) === 0 ? null : 'fuzz' };
  return encodeRequest(api, version, header, message(api.request, version, random) as never).subarray(4);
}

/** A valid response, without its size. */
export function response({ api, version }: Form, random: SeededRandom): Buffer {
  return Buffer.concat(encodeResponse(api, version, random.below(100), message(api.response, version, random) as never)).subarray(4);
}
