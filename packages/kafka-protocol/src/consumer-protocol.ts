import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Codec, compileStruct } from './compile.ts';
import { array, bytes, type Decoded, type Encodable, field, int32, type Shape, string } from './definition.ts';

/** What a member of a consumer group tells when it joins. Versions 0–3 (KIP-429: owned partitions, KIP-792: generation, KIP-881: rack). */
const subscription = {
  topics: field(array(string)),
  userData: field(bytes, { nullable: true }),
  ownedPartitions: field(array({ topic: field(string), partitions: field(array(int32)) }), { from: 1 }),
  generationId: field(int32, { from: 2, fallback: -1 }),
  rackId: field(string, { from: 3, nullable: true }),
};

/** What the leader of a consumer group gives to a member. Versions 0–3. */
const assignment = {
  assignedPartitions: field(array({ topic: field(string), partitions: field(array(int32)) })),
  userData: field(bytes, { nullable: true }),
};

/** What the sticky assignor puts into a subscription's user data; the generation came later. */
const stickyUserData = {
  previousAssignment: field(array({ topic: field(string), partitions: field(array(int32)) })),
  generation: field(int32, { from: 1, fallback: -1 }),
};

const newestVersion = 3;

export type ConsumerSubscription = Decoded<typeof subscription>;
export type ConsumerAssignment = Decoded<typeof assignment>;
/** What a member of a group with the sticky assignor held. */
export type StickyUserData = Decoded<typeof stickyUserData>;

const codecs = new Map<Shape, Codec[]>([subscription, assignment, stickyUserData].map((shape) => [shape, []]));

function codecOf(shape: Shape, version: number): Codec {
  return (codecs.get(shape)![version] ??= compileStruct(shape, version, false));
}

function encode(shape: Shape, version: number, value: unknown): Buffer {
  const writer = new ByteWriter();
  writer.int16(version);
  codecOf(shape, version).write(value, writer);
  return writer.concat();
}

/**
 * A message of a newer version is read as the newest known one: versions only ever add fields at the end. Clients exist that
 * name a version and leave its fields out: then it is read as the newest one that it has the fields of.
 */
function decode(shape: Shape, message: Buffer): unknown {
  const named = Math.min(new ByteReader(message).int16(), newestVersion);
  for (let version = Math.max(0, named); ; version--) {
    try {
      const reader = new ByteReader(message);
      reader.int16();
      return codecOf(shape, version).read(reader);
    } catch (error) {
      if (version === 0) throw error;
    }
  }
}

/** @see Kafka, ConsumerProtocolSubscription.json */
export function encodeSubscription(version: 0 | 1 | 2 | 3, value: Encodable<typeof subscription>): Buffer {
  return encode(subscription, version, value);
}

/** @throws {MillraceError} KAFKA_PROTOCOL_INVALID */
export function decodeSubscription(message: Buffer): ConsumerSubscription {
  return decode(subscription, message) as ConsumerSubscription;
}

/** @see Kafka, ConsumerProtocolAssignment.json */
export function encodeAssignment(version: 0 | 1 | 2 | 3, value: Encodable<typeof assignment>): Buffer {
  return encode(assignment, version, value);
}

/** An empty message is an empty assignment. @throws {MillraceError} KAFKA_PROTOCOL_INVALID */
export function decodeAssignment(message: Buffer): ConsumerAssignment {
  if (message.length === 0) return { assignedPartitions: [], userData: null };
  return decode(assignment, message) as ConsumerAssignment;
}

/** The user data of Java's StickyAssignor; it carries no version of its own. */
export function encodeStickyUserData(value: Encodable<typeof stickyUserData>): Buffer {
  const writer = new ByteWriter();
  codecOf(stickyUserData, 1).write(value, writer);
  return writer.concat();
}

/** Reads the user data of either form; what is absent or cannot be read says that nothing was held, as Java has it. */
export function decodeStickyUserData(userData: Buffer | null): StickyUserData {
  if (userData !== null) {
    for (const version of [1, 0]) {
      try {
        return codecOf(stickyUserData, version).read(new ByteReader(userData)) as StickyUserData;
      } catch {}
    }
  }
  return { previousAssignment: [], generation: -1 };
}

/** The user data of Java's CooperativeStickyAssignor: the generation in which the owned partitions were held. */
export function encodeCooperativeUserData(generation: number): Buffer {
  const userData = Buffer.alloc(4);
  userData.writeInt32BE(generation);
  return userData;
}
