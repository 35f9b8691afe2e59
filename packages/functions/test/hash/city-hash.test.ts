import { describe, expect, it } from 'vitest';
import { cityHash64, combineHashes } from '../../src/hash/city-hash.ts';
import { hashesOf } from '../../src/hash/hash-values.ts';
import { evaluate } from '../evaluate.ts';
import vectors from './city-hash-vectors.json' with { type: 'json' };

/** The bytes that the vectors are made of: byte i of length n is (37 i + n) mod 256. */
const bytesOf = (length: number) => Array.from({ length }, (_, i) => String.fromCharCode((i * 37 + length) % 256)).join('');

describe('city_hash64', () => {
  it.each(vectors as [number, string][])('agrees with CityHash 1.0.2 on %i bytes', (length, expected) => {
    expect(cityHash64(bytesOf(length))).toBe(BigInt(expected));
  });

  it('combines several arguments of several types as ClickHouse does', () => {
    // The example of ClickHouse's documentation, whose server's zone was Europe/Moscow.
    const sql = "city_hash64(['e', 'x', 'a'], 'mple', to_uint8(10), to_datetime('2019-06-15 23:00:00', 'Europe/Moscow'))";
    expect(evaluate(sql).value).toBe(12072650598913549138n);
  });

  it('hashes arrays behind other arguments by length and elements, each into the hash so far', () => {
    const elements = ['e', 'x'].map((text) => cityHash64(text));
    const length = hashesOf([{ kind: 'uint64' }])([2n]);
    const expected = [length, ...elements].reduce(combineHashes, cityHash64('mple'));
    expect(evaluate("city_hash64('mple', ['e', 'x'])").value).toBe(expected);
  });

  it('hashes a datetime64 and a uuid by their bytes', () => {
    expect(evaluate("city_hash64(to_datetime64('1970-01-01 00:00:00.001', 3, 'UTC'))").value).toBe(cityHash64('\x01\0\0\0\0\0\0\0'));
    const value = '00000000-0000-0001-0000-000000000002';
    expect(hashesOf([{ kind: 'uuid' }])([value])).toBe(cityHash64('\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0'));
  });

  it('hashes an integer by its value where the sign does not tell, and a tuple as its elements', () => {
    const hash = (kind: 'int8' | 'uint64' | 'float64', value: number | bigint) => hashesOf([{ kind }])([value]);
    expect(hash('int8', 5)).toBe(hash('uint64', 5n));
    expect(hash('int8', -1)).toBe(hash('uint64', 255n));
    expect(hash('float64', 5)).not.toBe(hash('uint64', 5n));
    expect(evaluate("city_hash64((1, 'a'))").value).toBe(evaluate("city_hash64(1, 'a')").value);
    expect(evaluate("city_hash64('x', (1, 'a'))").value).toBe(evaluate("city_hash64('x', 1, 'a')").value);
  });
});
