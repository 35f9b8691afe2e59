import { type DataType, fromText, makeNullable, type Value } from '@millrace/data';
import fc from 'fast-check';

const simple = fc.constantFrom<DataType>(
  ...(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64'] as const).map((kind) => ({ kind })),
  ...(['bool', 'string', 'date', 'uuid', 'ipv4', 'ipv6'] as const).map((kind) => ({ kind })),
  { kind: 'fixed_string', length: 4 },
  { kind: 'datetime', zone: null },
  { kind: 'datetime', zone: 'Europe/London' },
  ...[0, 3, 6, 9].map((precision) => ({ kind: 'datetime64' as const, precision, zone: precision === 3 ? 'Asia/Kolkata' : null })),
  {
    kind: 'enum8',
    values: [
      ['on', 1],
      ["o'ff", -2],
    ],
  },
);

/** Types that can be a column's, composites up to three deep. */
export const anyType: fc.Arbitrary<DataType> = fc.letrec<{ type: DataType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simple,
    simple.map(makeNullable),
    tie('type').map((element) => ({ kind: 'array' as const, element })),
    fc.tuple(simple, tie('type')).map(([key, value]) => ({ kind: 'map' as const, key, value })),
    fc
      .array(fc.record({ name: fc.constantFrom(null, 'a', 'b c', 'quo`te'), type: tie('type') }), { minLength: 1, maxLength: 3 })
      .map((elements) => ({ kind: 'tuple' as const, elements })),
  ),
})).type;

const years = { min: new Date('1900-01-03T00:00:00Z'), max: new Date('2299-12-29T00:00:00Z'), noInvalidDate: true };

/** Values of a type in their JavaScript form. */
export function anyValue(type: DataType): fc.Arbitrary<Value> {
  const bits = /^(u?)int(\d+)$/.exec(type.kind);
  if (bits !== null) return integerValue(bits[1] === 'u', Number(bits[2]));
  switch (type.kind) {
    case 'nullable':
      return fc.option(anyValue(type.inner), { nil: null });
    case 'float32':
      return fc.float();
    case 'float64':
      return fc.double();
    case 'bool':
      return fc.boolean();
    case 'date':
      return fc.date(years).map((date) => Math.floor(date.getTime() / 86_400_000));
    case 'datetime':
      return fc.date(years).map((date) => Math.floor(date.getTime() / 1000));
    case 'datetime64':
      // 64 bits of nanoseconds end in 2262.
      return fc
        .date(type.precision === 9 ? { ...years, max: new Date('2262-04-11T00:00:00Z') } : years)
        .map((date) => ticksOf(date, type.precision));
    case 'array':
      return fc.array(anyValue(type.element), { maxLength: 4 });
    case 'tuple':
      return fc.tuple(...type.elements.map((element) => anyValue(element.type)));
    case 'map':
      return fc.array(fc.tuple(anyValue(type.key), anyValue(type.value)), { maxLength: 4 }).map((entries) => new Map(entries));
    default:
      return textValue(type);
  }
}

function integerValue(unsigned: boolean, bits: number): fc.Arbitrary<Value> {
  const [min, max] = unsigned ? [0n, (1n << BigInt(bits)) - 1n] : [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n];
  return bits === 64 ? fc.bigInt({ min, max }) : fc.integer({ min: Number(min), max: Number(max) });
}

function ticksOf(date: Date, precision: number): Value {
  const ms = date.getTime();
  if (precision > 6) return BigInt(ms) * 10n ** BigInt(precision - 3) + 123n;
  return precision < 3 ? Math.floor(ms / 10 ** (3 - precision)) : ms * 10 ** (precision - 3);
}

function textValue(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'fixed_string':
      return fc.string({ unit: fc.constantFrom('a', "'", '\\', '\xff', '\n'), minLength: type.length, maxLength: type.length });
    case 'uuid':
      return fc.uuid();
    case 'ipv4':
      return fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
    case 'ipv6':
      return fc.constantFrom('::', '::1', '2001:db8::1', 'fe80::1:2:3', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8');
    case 'enum8':
    case 'enum16':
      return fc.constantFrom(...type.values.map(([name]) => fromText(name)));
    default:
      return fc.oneof(
        fc.string().map(fromText),
        fc.string({ unit: 'grapheme' }).map(fromText),
        fc.constantFrom('', 'NULL', "it's", '\0\xff'),
      );
  }
}
