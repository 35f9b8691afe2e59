import type { ByteString } from '@millrace/data';

const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;
const k3 = 0xc949d7c7509e6557n;
const combineMultiplier = 0x9ddfea08eb382d69n;

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, shift: bigint) => (shift === 0n ? value : (value >> shift) | u64(value << (64n - shift)));
const shiftMix = (value: bigint) => value ^ (value >> 47n);

/** Two hashes as one; also how the hashes of several arguments become one. */
export function combineHashes(low: bigint, high: bigint): bigint {
  const a = shiftMix(u64((low ^ high) * combineMultiplier));
  return u64(shiftMix(u64((high ^ a) * combineMultiplier)) * combineMultiplier);
}

/**
 * The 64-bit hash of CityHash 1.0.2, the version that ClickHouse has frozen (later CityHash gives other values).
 * @see Pike, Alakuijala: CityHash
 */
export function cityHash64(text: ByteString): bigint {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length <= 16) return hashUpTo16(bytes);
  if (bytes.length <= 32) return hash17To32(bytes);
  return bytes.length <= 64 ? hash33To64(bytes) : hashLong(bytes);
}

const load64 = (bytes: Buffer, at: number) => bytes.readBigUInt64LE(at);

function hashUpTo16(bytes: Buffer): bigint {
  const { length } = bytes;
  if (length > 8) {
    const [a, b] = [load64(bytes, 0), load64(bytes, length - 8)];
    return combineHashes(a, rotate(u64(b + BigInt(length)), BigInt(length))) ^ b;
  }
  if (length >= 4) return combineHashes(BigInt(length) + (BigInt(bytes.readUInt32LE(0)) << 3n), BigInt(bytes.readUInt32LE(length - 4)));
  if (length === 0) return k2;
  const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8));
  const z = BigInt(length + (bytes[length - 1]! << 2));
  return u64(shiftMix(u64(y * k2) ^ u64(z * k3)) * k2);
}

function hash17To32(bytes: Buffer): bigint {
  const { length } = bytes;
  const a = u64(load64(bytes, 0) * k1);
  const b = load64(bytes, 8);
  const c = u64(load64(bytes, length - 8) * k2);
  const d = u64(load64(bytes, length - 16) * k0);
  return combineHashes(u64(rotate(u64(a - b), 43n) + rotate(c, 30n) + d), u64(a + rotate(b ^ k3, 20n) - c + BigInt(length)));
}

/** Two halves of the same shape, over the first and over the last 32 bytes. */
function hash33To64(bytes: Buffer): bigint {
  const { length } = bytes;
  const half = (seed: bigint, at: number): [first: bigint, second: bigint] => {
    const z = load64(bytes, at + 24);
    let a = seed;
    const b = rotate(u64(a + z), 52n);
    let c = rotate(a, 37n);
    a = u64(a + load64(bytes, at + 8));
    c = u64(c + rotate(a, 7n));
    a = u64(a + load64(bytes, at + 16));
    return [u64(a + z), u64(b + rotate(a, 31n) + c)];
  };
  const [vf, vs] = half(u64(load64(bytes, 0) + (BigInt(length) + load64(bytes, length - 16)) * k0), 0);
  const [wf, ws] = half(u64(load64(bytes, 16) + load64(bytes, length - 32)), length - 32);
  const r = shiftMix(u64((vf + ws) * k2 + (wf + vs) * k0));
  return u64(shiftMix(u64(r * k0 + vs)) * k2);
}

/** Quick and dirty 16 bytes of 32 bytes and two seeds. */
function weakHash32(bytes: Buffer, at: number, seedA: bigint, seedB: bigint): [first: bigint, second: bigint] {
  let a = u64(seedA + load64(bytes, at));
  const z = load64(bytes, at + 24);
  let b = rotate(u64(seedB + a + z), 21n);
  const c = a;
  a = u64(a + load64(bytes, at + 8) + load64(bytes, at + 16));
  b = u64(b + rotate(a, 44n));
  return [u64(a + z), u64(b + c)];
}

/** The end first, then blocks of 64 bytes over 56 bytes of state. */
function hashLong(bytes: Buffer): bigint {
  const { length } = bytes;
  let x = load64(bytes, 0);
  let y = load64(bytes, length - 16) ^ k1;
  let z = load64(bytes, length - 56) ^ k0;
  let v = weakHash32(bytes, length - 64, BigInt(length), y);
  let w = weakHash32(bytes, length - 32, u64(BigInt(length) * k1), k0);
  z = u64(z + shiftMix(v[1]) * k1);
  x = u64(rotate(u64(z + x), 39n) * k1);
  y = u64(rotate(y, 33n) * k1);
  for (let at = 0; at < length - 1 - ((length - 1) % 64); at += 64) {
    x = u64(rotate(u64(x + y + v[0] + load64(bytes, at + 16)), 37n) * k1) ^ w[1];
    y = u64(rotate(u64(y + v[1] + load64(bytes, at + 48)), 42n) * k1) ^ v[0];
    z = rotate(z ^ w[0], 33n);
    v = weakHash32(bytes, at, u64(v[1] * k1), u64(x + w[0]));
    w = weakHash32(bytes, at + 32, u64(z + w[1]), y);
    [z, x] = [x, z];
  }
  return combineHashes(u64(combineHashes(v[0], w[0]) + shiftMix(y) * k1 + z), u64(combineHashes(v[1], w[1]) + x));
}
