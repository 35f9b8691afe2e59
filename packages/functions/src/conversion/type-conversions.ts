import { MillraceError } from '@millrace/core';
import { createCast, defaultValue, makeNullable, parseDataType, type Value } from '@millrace/data';
import { defineFunction, inline, perQuery } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';

interface Conversion {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly type: string;
  readonly examples: ScalarFunction['examples'];
  /** A text that does not convert, for the examples of the lenient forms. */
  readonly bad: string;
}

const conversions: readonly Conversion[] = [
  {
    name: 'to_int8',
    type: 'int8',
    bad: "'x'",
    examples: [
      ["to_int8('-5')", -5],
      ['to_int8(300)', 44],
      ['to_int8(NULL)', null],
    ],
  },
  {
    name: 'to_int16',
    type: 'int16',
    bad: "'x'",
    examples: [
      ["to_int16('500')", 500],
      ['to_int16(3.9)', 3],
      ['to_int16(NULL)', null],
    ],
  },
  {
    name: 'to_int32',
    aliases: ['to_int'],
    type: 'int32',
    bad: "'x'",
    examples: [
      ["to_int32('42')", 42],
      ['to_int(-3.9)', -3],
      ['to_int32(NULL)', null],
    ],
  },
  {
    name: 'to_int64',
    type: 'int64',
    bad: "''",
    examples: [
      ["to_int64('9007199254740993')", '9007199254740993'],
      ['to_int64(true)', 1],
      ['to_int64(NULL)', null],
    ],
  },
  {
    name: 'to_uint8',
    type: 'uint8',
    bad: "'x'",
    examples: [
      ["to_uint8('5')", 5],
      ['to_uint8(-1)', 255],
      ['to_uint8(NULL)', null],
    ],
  },
  {
    name: 'to_uint16',
    type: 'uint16',
    bad: "'x'",
    examples: [
      ["to_uint16('500')", 500],
      ['to_uint16(65537)', 1],
      ['to_uint16(NULL)', null],
    ],
  },
  {
    name: 'to_uint32',
    aliases: ['to_uint'],
    type: 'uint32',
    bad: "'x'",
    examples: [
      ["to_uint32('42')", 42],
      ['to_uint32(7.9)', 7],
      ['to_uint32(NULL)', null],
    ],
  },
  {
    name: 'to_uint64',
    type: 'uint64',
    bad: "'x'",
    examples: [
      ["to_uint64('18446744073709551615')", '18446744073709551615'],
      ['to_uint64(5)', 5],
      ['to_uint64(NULL)', null],
    ],
  },
  {
    name: 'to_float32',
    aliases: ['to_float'],
    type: 'float32',
    bad: "'x'",
    examples: [
      ["to_float32('1.5')", 1.5],
      ['to_float(1)', 1],
      ['to_float32(NULL)', null],
    ],
  },
  {
    name: 'to_float64',
    aliases: ['to_double'],
    type: 'float64',
    bad: "'x'",
    examples: [
      ["to_float64('1e3')", 1000],
      ['to_float64(1)', 1],
      ['to_float64(NULL)', null],
    ],
  },
  {
    name: 'to_bool',
    type: 'bool',
    bad: "'maybe'",
    examples: [
      ["to_bool('true')", true],
      ['to_bool(0)', false],
      ['to_bool(NULL)', null],
    ],
  },
  {
    name: 'to_date',
    type: 'date',
    bad: "'x'",
    examples: [
      ["to_date('1953-11-02')", '1953-11-02'],
      ["to_date(to_datetime('2026-01-02 03:04:05', 'UTC'))", '2026-01-02'],
      ['to_date(NULL)', null],
    ],
  },
];

/** The kernel of a conversion: the planner's cast of the argument has done the work. */
export const identity = inline((value) => value!);

function defineConversion({ name, aliases = [], type, examples }: Conversion): ScalarFunction {
  const target = parseDataType(type);
  return defineFunction({
    name,
    aliases,
    signature: `(value any) -> ${type}`,
    help: `The value as ${type}, as CAST does it: numbers wrap or are cut off, a text that is no ${type} is an error.`,
    examples,
    returns: () => target,
    argumentTypes: () => [target],
    kernel: identity,
    see: `ClickHouse: ${name}`,
  });
}

/** `…_or_null` and `…_or_zero`: what does not convert is NULL, or the type's default. */
function defineLenient({ name, type, bad }: Conversion, kind: 'null' | 'zero'): ScalarFunction {
  const target = parseDataType(type);
  const fallback = kind === 'null' ? null : defaultValue(target);
  const shown = kind === 'null' ? null : type === 'date' ? '1970-01-01' : fallback === 0n ? 0 : fallback;
  const good =
    type === 'bool' ? (["'true'", true] as const) : type === 'date' ? (["'2026-01-02'", '2026-01-02'] as const) : (["'7'", 7] as const);
  return defineFunction({
    name: `${name}_or_${kind}`,
    signature: `(text string) -> ${kind === 'null' ? `${type} or NULL` : `${type}, NULL only of NULL`}`,
    help: `As ${name}, but ${kind === 'null' ? 'NULL' : 'the default of the type'} for a text that does not convert.`,
    examples: [
      [`${name}_or_${kind}(${good[0]})`, good[1]],
      [`${name}_or_${kind}(${bad})`, shown],
      [`${name}_or_${kind}(NULL)`, null],
    ],
    nulls: 'manual',
    returns: ({ args }) => (kind === 'null' || args[0]!.type.kind === 'nullable' ? makeNullable(target) : target),
    kernel: ({ types }) =>
      perQuery(({ timezone }) => {
        if (types[0]!.kind === 'nothing') return () => null;
        const cast = createCast(types[0]!, target, { timezone });
        return (value: Value) => {
          if (value === null) return null;
          try {
            return cast(value);
          } catch (error) {
            if (error instanceof MillraceError && error.code === 'DATA_CAST_FAILED') return fallback;
            throw error;
          }
        };
      }),
    see: `ClickHouse: ${name}`,
  });
}

/** to_int8 … to_date, each also with _or_null and _or_zero. */
export const typeConversions: readonly ScalarFunction[] = conversions.flatMap((conversion) => [
  defineConversion(conversion),
  defineLenient(conversion, 'null'),
  defineLenient(conversion, 'zero'),
]);
