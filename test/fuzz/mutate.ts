import type { SeededRandom } from '@millrace/core';

/** Values that lengths, counts and offsets are replaced by. */
const remarkableNumbers = [0, 1, -1, -2, 2, 127, 128, 255, 32_767, 65_535, 1 << 20, 0x00ff_ffff, 0x7fff_fffe, 0x7fff_ffff, -0x8000_0000];
const remarkableBytes = [0, 1, 0x7f, 0x80, 0xff];
/** Variable-length integers at their limits, beyond them, and longer than they need be. */
const remarkableVarints = ['ffffffff0f', 'ffffffff07', 'feffffff0f', 'ffffffffffffffffff01', '8080808000', '8000', 'ffff03'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

type Mutation = (bytes: Buffer, random: SeededRandom, other: Buffer) => Buffer;

const pick = <T>(items: readonly T[], random: SeededRandom): T => items[random.below(items.length)]!;
const overwritten = (bytes: Buffer, at: number, by: Buffer) => {
  by.copy(bytes, at);
  return bytes;
};
const slice = (bytes: Buffer, random: SeededRandom) => {
  const from = random.below(bytes.length);
  return bytes.subarray(from, from + 1 + random.below(Math.min(64, bytes.length - from)));
};
const inserted = (bytes: Buffer, at: number, what: Buffer) => Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  function replaceByte(bytes, random) {
    bytes[random.below(bytes.length)] = random.below(3) === 0 ? random.below(256) : pick(remarkableBytes, random);
    return bytes;
  },
  function replaceInt16(bytes, random) {
    const number = Buffer.alloc(2);
    number.writeInt16BE((pick(remarkableNumbers, random) << 16) >> 16);
    return overwritten(bytes, random.below(bytes.length), number);
  },
  function replaceInt32(bytes, random) {
    const at = random.below(bytes.length);
    const number = Buffer.alloc(4);
    // About as much as is left: the place where a check can be off by one.
    const left = bytes.length - at - 4 + random.below(3) - 1;
    number.writeInt32BE(random.below(3) === 0 ? left : pick(remarkableNumbers, random));
    return overwritten(bytes, at, number);
  },
  function replaceInt64(bytes, random) {
    const number = Buffer.alloc(8);
    number.writeInt32BE(pick(remarkableNumbers, random), 0);
    number.writeInt32BE(pick(remarkableNumbers, random), 4);
    return overwritten(bytes, random.below(bytes.length), number);
  },
  (bytes, random) => overwritten(bytes, random.below(bytes.length), pick(remarkableVarints, random)),
  (bytes, random) => inserted(bytes, random.below(bytes.length + 1), pick(remarkableVarints, random)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => inserted(bytes, random.below(bytes.length + 1), slice(bytes, random)),
  function removeSlice(bytes, random) {
    const gone = slice(bytes, random);
    const from = gone.byteOffset - bytes.byteOffset;
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + gone.length)]);
  },
  (bytes, random, other) =>
    Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]),
  (bytes, random) => inserted(bytes, random.below(bytes.length + 1), Buffer.alloc(1 + random.below(200), pick(remarkableBytes, random))),
];

/**
 * A changed copy: bits flipped, numbers replaced by remarkable ones, slices cut, doubled and removed, the end of another message put on.
 * @param other any other message; may be empty.
 */
export function mutated(original: Buffer, random: SeededRandom, other: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let count = 1 + random.below(5); count > 0 && bytes.length > 0; count--)
    bytes = Buffer.from(pick(mutations, random)(bytes, random, other));
  return bytes;
}
