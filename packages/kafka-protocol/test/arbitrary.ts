import fc from 'fast-check';
import { type Api, type Shape, zeroUuid } from '../src/index.ts';

type Options = Shape[string]['options'];
type WireType = Shape[string]['type'];

const int64 = fc.oneof(fc.integer(), fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }));
const byteString = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

function wireValue(type: WireType, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -128, max: 127 });
    case 'int16':
      return fc.integer({ min: -32768, max: 32767 });
    case 'int32':
      return fc.integer();
    case 'int64':
      return int64;
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 });
    case 'uuid':
      return fc.oneof(fc.uuid(), fc.constant(zeroUuid));
    case 'bytes':
      return byteString;
    case 'records':
      return fc.oneof(byteString, fc.constant(Buffer.alloc(3000, 7)));
    case 'array':
      return fc.array(wireValue(type.element!, version), { maxLength: 3 });
    case 'struct':
      return messageOf(type.fields!, version);
  }
}

function isPresent({ from = 0, to = Number.POSITIVE_INFINITY }: Options, version: number): boolean {
  return version >= from && version <= to;
}

/** A message with every field that the version has. */
export function messageOf(shape: Shape, version: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(shape).filter(([, { options }]) => isPresent(options, version));
  return fc.record(
    Object.fromEntries(
      fields.map(([name, { type, options }]) => {
        const value = wireValue(type, version);
        const nullable = options.nullable || version >= (options.nullableFrom ?? Number.POSITIVE_INFINITY);
        return [name, nullable ? fc.option(value, { nil: null }) : value];
      }),
    ),
  );
}

/** All versions of an API. */
export function versionsOf({ versions: [min, max] }: Api): number[] {
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}
