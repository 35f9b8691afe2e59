import { compareValues, type DataType, defaultValue, parseDataType, removeNullable, type Value, valueKey } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { context, feed, type Input, resolve, results } from './harness.ts';
import { MemoryStates } from './memory-states.ts';

type Rows = readonly (readonly Value[])[];

interface Case {
  readonly name: string;
  readonly types: readonly string[];
  readonly parameters?: readonly Value[];
  /** Over the rows without NULL in any argument. */
  readonly oracle: (rows: Rows, type: DataType) => Value;
}

const first = (rows: Rows) => rows[0]?.[0] ?? null;
const last = (rows: Rows) => rows.at(-1)?.[0] ?? null;
const number = (value: Value | undefined) => Number(value);
const mean = (rows: Rows) => rows.reduce((sum, [x]) => sum + number(x), 0) / rows.length;
const squares = (rows: Rows) => rows.reduce((sum, [x]) => sum + (number(x) - mean(rows)) ** 2, 0);
const distinct = (rows: Rows) => [...new Map(rows.map((row) => [valueKey(row), row])).values()];

function extreme(direction: 1 | -1) {
  return (rows: Rows, type: DataType) =>
    rows.reduce<Value>((best, [x]) => (best === null || compareValues(x!, best, type) * direction < 0 ? x! : best), null);
}

function argExtreme(direction: 1 | -1) {
  return (rows: Rows) => {
    const best = rows.reduce<readonly Value[] | undefined>(
      (held, row) => (held === undefined || (row[1]! < held[1]! ? 1 : row[1]! > held[1]! ? -1 : 0) * direction > 0 ? row : held),
      undefined,
    );
    return best?.[0] ?? null;
  };
}

function exact(level: number) {
  return (rows: Rows) => {
    const sorted = rows.map(([x]) => number(x)).sort((a, b) => a - b);
    const rank = level * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
    return sorted.length === 0 ? Number.NaN : low + (high - low) * (rank % 1);
  };
}

const integers = ['int8', 'int32', 'uint32', 'int64', 'uint64', 'bool'];
const everything = [
  'int32',
  'float64',
  'int64',
  'uint64',
  'string',
  'bool',
  'datetime64(3)',
  'datetime64(9)',
  'array(int8)',
  "enum8('a' = 2, 'b' = 1)",
];

const each = (types: readonly string[], make: (type: string) => Case) => types.map(make);

const cases: readonly Case[] = [
  { name: 'count', types: [], oracle: (rows) => BigInt(rows.length) },
  { name: 'count', types: ['nullable(string)'], oracle: (rows) => BigInt(rows.length) },
  ...each(integers, (type) => ({
    name: 'sum',
    types: [type],
    oracle: (rows) => {
      const total = rows.reduce((sum, [x]) => sum + BigInt(x as number), 0n);
      return type.startsWith('u') || type === 'bool' ? BigInt.asUintN(64, total) : BigInt.asIntN(64, total);
    },
  })),
  { name: 'sum', types: ['float64'], oracle: (rows) => rows.reduce((sum, [x]) => sum + number(x), 0) },
  ...each(['float64', 'int32', 'int64'], (type) => ({ name: 'avg', types: [type], oracle: mean })),
  ...each(everything, (type) => ({ name: 'min', types: [type], oracle: extreme(1) })),
  ...each(everything, (type) => ({ name: 'max', types: [type], oracle: extreme(-1) })),
  ...['any', 'first_value', 'earliest'].flatMap((name) => each(everything, (type) => ({ name, types: [type], oracle: first }))),
  ...['last_value', 'latest'].flatMap((name) => each(everything, (type) => ({ name, types: [type], oracle: last }))),
  ...each(everything, (type) => ({ name: 'arg_min', types: [type, 'int32'], oracle: argExtreme(1) })),
  ...each(['string', 'int64', 'float64'], (by) => ({ name: 'arg_max', types: ['string', by], oracle: argExtreme(-1) })),
  { name: 'median', types: ['float64'], oracle: exact(0.5) },
  { name: 'p99', types: ['int32'], oracle: exact(0.99) },
  { name: 'quantile', types: ['int64'], parameters: [0.25], oracle: exact(0.25) },
  ...each(everything, (type) => ({ name: 'count_distinct', types: [type], oracle: (rows) => BigInt(distinct(rows).length) })),
  { name: 'count_distinct', types: ['string', 'int32'], oracle: (rows) => BigInt(distinct(rows).length) },
  ...each(everything, (type) => ({ name: 'group_array', types: [type], oracle: (rows) => rows.map(([x]) => x!) })),
  { name: 'group_array', types: ['string'], parameters: [2], oracle: (rows) => rows.slice(0, 2).map(([x]) => x!) },
  ...each(everything, (type) => ({ name: 'group_uniq_array', types: [type], oracle: (rows) => distinct(rows).map(([x]) => x!) })),
  { name: 'var_pop', types: ['float64'], oracle: (rows) => squares(rows) / rows.length },
  { name: 'var_samp', types: ['int32'], oracle: (rows) => (rows.length > 1 ? squares(rows) / (rows.length - 1) : Number.NaN) },
  { name: 'stddev_pop', types: ['float64'], oracle: (rows) => Math.sqrt(squares(rows) / rows.length) },
  {
    name: 'stddev_samp',
    types: ['float64'],
    oracle: (rows) => (rows.length > 1 ? Math.sqrt(squares(rows) / (rows.length - 1)) : Number.NaN),
  },
];

function fewValues(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'nullable':
      return fc.option(fewValues(type.inner), { nil: null });
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -128, max: 127 });
    case 'int64':
      return fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }));
    case 'uint64':
      return fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
    case 'uint32':
      return fc.nat(4_000_000_000);
    case 'datetime64':
      return type.precision > 6 ? fc.bigInt({ min: 0n, max: 1n << 60n }) : fc.nat(1000);
    case 'float64':
      return fc.integer({ min: -100, max: 100 }).map((value) => value / 4);
    case 'string':
      return fc.constantFrom('', 'a', 'ab', 'b', '\xff', 'x'.repeat(60));
    case 'array':
      return fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 });
    case 'enum8':
      return fc.constantFrom('a', 'b');
    default:
      return fc.integer({ min: -20, max: 20 });
  }
}

const groupCount = 3;
/** What happens between two chunks. */
const events = ['nothing', 'merge', 'save', 'reset'] as const;

function script({ types }: Case) {
  return fc.tuple(fc.constantFrom(false, true), fc.boolean()).chain(([nullable, conditional]) =>
    fc.record({
      nullable: fc.constant(nullable && types.length > 0),
      conditional: fc.constant(conditional),
      rows: fc.array(
        fc.tuple(
          fc.integer({ min: -1, max: groupCount - 1 }),
          fc.boolean(),
          ...types.map((text) => fewValues(parseDataType(nullable && !text.startsWith('nullable') ? `nullable(${text})` : text))),
        ),
        { maxLength: 40 },
      ),
      cuts: fc.array(fc.tuple(fc.nat(40), fc.constantFrom(...events), fc.nat(groupCount - 1)), { maxLength: 5 }),
    }),
  );
}

function close(actual: Value, expected: Value): void {
  if (typeof expected === 'number' && Number.isFinite(expected)) {
    expect(Math.abs(number(actual) - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
  } else expect(actual).toEqual(expected);
}

describe('every aggregate agrees with a naive one', () => {
  it.each(cases.map((one) => [`${one.name}(${one.types.join(', ')})`, one] as const))(
    '%s, whatever the chunks, merges, snapshots and resets',
    (_, one) => {
      fc.assert(
        fc.property(script(one), ({ nullable, conditional, rows, cuts }) => {
          const types = one.types.map((text) => (nullable && !text.startsWith('nullable') ? `nullable(${text})` : text));
          const inputs: Input[] = types.map((text, i) => ({ type: parseDataType(text), values: rows.map((row) => row[i + 2] as Value) }));
          if (conditional) inputs.push({ type: { kind: 'bool' }, values: rows.map((row) => row[1]) });
          const resolved = resolve(conditional ? `${one.name}_if` : one.name, inputs, one.parameters ?? []);
          const create = () => {
            const made = resolved.create(context);
            made.resize(groupCount);
            return made;
          };
          const states = new MemoryStates();
          let accumulator = create();
          let counted: (readonly [number, readonly Value[]])[] = [];
          let from = 0;
          for (const [length, event, group] of [...cuts, [rows.length, 'nothing', 0] as const]) {
            const to = Math.min(rows.length, from + length);
            const target = event === 'merge' ? create() : accumulator;
            feed(
              target,
              resolved,
              inputs,
              rows.map((row) => row[0]),
              from,
              to,
            );
            for (const [at, taken, ...values] of rows.slice(from, to)) {
              if (at >= 0 && (taken || !conditional) && !values.includes(null)) counted.push([at, values as Value[]]);
            }
            if (event === 'merge') for (let g = 0; g < groupCount; g++) accumulator.merge(g, target, g);
            if (event === 'save') {
              states.save(accumulator, groupCount);
              accumulator = create();
              states.load(accumulator, groupCount);
            }
            if (event === 'reset') {
              accumulator.reset(group);
              counted = counted.filter(([at]) => at !== group);
            }
            from = to;
          }
          const actual = results(accumulator, resolved, groupCount);
          const argumentType = removeNullable(inputs[0]?.type ?? { kind: 'nothing' });
          for (let group = 0; group < groupCount; group++) {
            const own = counted.filter(([at]) => at === group).map(([, values]) => values);
            if (own.length === 0) expectNothing(one.name, actual[group]!, nullable, resolved.returns);
            else close(actual[group]!, one.oracle(own, argumentType));
          }
          expect(accumulator.sizeBytes).toBeGreaterThan(0);
        }),
        { numRuns: 40 },
      );
    },
  );
});

/** Of no rows: counts 0, arrays empty, averages nan, sums 0, values the type's default; NULL where an argument is nullable. */
function expectNothing(name: string, actual: Value, nullable: boolean, type: DataType): void {
  if (name.startsWith('count')) expect(actual).toBe(0n);
  else if (name.startsWith('group_')) expect(actual).toEqual([]);
  else if (nullable) expect(actual).toBeNull();
  else if (/^(?:avg|median|p99|quantile|var|stddev)/.test(name)) expect(actual).toBeNaN();
  else if (name === 'sum') expect(Number(actual)).toBe(0);
  else expect(actual).toEqual(defaultValue(type));
}
