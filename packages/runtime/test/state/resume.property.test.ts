import { SeededRandom } from '@millrace/core';
import { columnOf, type Schema, type Value } from '@millrace/data';
import { type Argument, aggregateFunction } from '@millrace/functions';
import type {
  AggregateNode,
  DistinctNode,
  EmitPlan,
  LimitByNode,
  LimitNode,
  PlanAggregate,
  PlanExpression,
  WindowPlan,
} from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregate } from '../../src/operators/aggregate.ts';
import { Distinct } from '../../src/operators/distinct.ts';
import { Limit } from '../../src/operators/limit.ts';
import { LimitBy } from '../../src/operators/limit-by.ts';
import type { Operator, OperatorContext } from '../../src/operators/operator.ts';
import { WindowAggregate } from '../../src/operators/window-aggregate.ts';
import { column, scan, time } from '../harness.ts';
import { beatMs, Changelog, drawColumns, type Event, pools, Resuming, typeOf } from './resuming.ts';

/** An aggregate as a test has it: name, parameters, and types of its arguments (one more, bool, for the `_if` form). */
type Call = readonly [name: string, parameters: readonly Value[], types: readonly string[]];

const allTypes = Object.keys(pools);
const numbers = ['int32', 'nullable(int32)', 'int64', 'nullable(uint64)', 'float64', 'nullable(float64)', 'bool'];
const floats = ['float64', 'nullable(float64)', 'int32'];
const each = (names: readonly string[], types: readonly string[]): Call[] =>
  names.flatMap((name) => types.map((type): Call => [name, [], [type]]));

const calls: readonly Call[] = [
  ['count', [], []],
  ...each(['count'], ['nullable(string)']),
  ...each(['sum'], numbers),
  ...each(['avg', 'var_pop', 'var_samp', 'stddev_pop', 'stddev_samp', 'median', 'p90', 'p95', 'p99'], floats),
  ...floats.map((type): Call => ['quantile', [0.3], [type]]),
  ...each(
    ['min', 'max', 'any', 'first_value', 'last_value', 'earliest', 'latest', 'group_array', 'group_uniq_array', 'count_distinct'],
    allTypes,
  ),
  ...allTypes.flatMap((type): Call[] => [
    ['arg_min', [], [type, 'nullable(int32)']],
    ['arg_max', [], [type, 'string']],
    ['group_array', [2], [type]],
  ]),
  ['count_distinct', [], ['string', 'nullable(int32)']],
];
const panes = calls.filter(([name]) => !/any|value|earliest|latest|arg_|group_/.test(name));
const withIf = ([name, parameters, types]: Call): Call => [`${name}_if`, parameters, [...types, 'bool']];

/** Columns of the input: time, keys, arguments. */
interface Shape {
  readonly keys: readonly string[];
  readonly calls: readonly Call[];
}

const typesOf = ({ keys, calls: of }: Shape) => [...keys, ...of.flatMap(([, , types]) => types)];

function aggregateNode({ keys, calls: of }: Shape, window: WindowPlan | null, emit: EmitPlan): AggregateNode {
  let at = 1 + keys.length;
  const aggregates = of.map(([name, parameters, types]): PlanAggregate => {
    const given = types.map((type): PlanExpression => column(at++, typeOf(type)));
    const resolvedFrom = given.map(({ type }): Argument => ({ type }));
    const resolved = aggregateFunction(name)!.resolve(resolvedFrom, parameters);
    const args = given.map((operand, i): PlanExpression => ({ kind: 'cast', type: resolved.argumentTypes[i]!, operand }));
    return { function: name, type: resolved.returns, parameters, arguments: args, resolvedFrom };
  });
  const bounds: Schema = window === null ? [] : [field('start', time), field('end', time)];
  const schema = [
    ...bounds,
    ...keys.map((type, i) => field(`k${i}`, typeOf(type))),
    ...aggregates.map(({ type }, i) => field(`a${i}`, type)),
  ];
  return { node: 'aggregate', schema, input: scan(), window, keys: keys.map((type, i) => column(1 + i, typeOf(type))), aggregates, emit };
}

const field = (name: string, type: Schema[number]['type']) => ({ name, type });

/** What happens, of kinds that are drawn, with rows whose event time runs forward with set-backs. */
type Step = 'rows' | 'watermark' | 'live' | 'beat' | 'save' | 'cut';

function eventsOf(steps: readonly Step[], types: readonly string[], seed: number): Event[] {
  const random = new SeededRandom(seed);
  let nowMs = 10_000;
  let watermarkMs = 0;
  return steps.map((step): Event => {
    if (step === 'watermark') {
      watermarkMs = Math.max(watermarkMs, nowMs - random.below(30));
      return { do: 'watermark', timeMs: watermarkMs };
    }
    if (step !== 'rows') return { do: step };
    const rowCount = 1 + random.below(random.below(4) === 0 ? 200 : 12);
    const times = Array.from({ length: rowCount }, () => (nowMs += random.below(9) - 3) - random.below(20));
    const columns = [columnOf(time, times), ...drawColumns(types, rowCount, random)];
    const late = random.below(3) === 0 ? { lateBeforeMs: nowMs - random.below(60) } : {};
    return { do: 'rows', chunk: { rowCount, columns, ...late } };
  });
}

const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Step>('rows') },
    { weight: 3, arbitrary: fc.constant<Step>('cut') },
    { weight: 3, arbitrary: fc.constantFrom<Step>('watermark', 'beat') },
    { weight: 2, arbitrary: fc.constantFrom<Step>('live', 'save') },
  ),
  { minLength: 4, maxLength: 24 },
);

const shapes = (of: readonly Call[]) =>
  fc.record({
    keys: fc.array(fc.constantFrom(...allTypes), { maxLength: 2 }),
    calls: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...of) }, fc.constantFrom(...of).map(withIf)), {
      minLength: 1,
      maxLength: 3,
    }),
  });

const emits: readonly EmitPlan[] = [
  { when: 'watermark', timeoutMs: null },
  { when: 'watermark', timeoutMs: beatMs },
  { when: 'update', batchMs: null },
  { when: 'update', batchMs: beatMs },
  { when: 'periodic', intervalMs: beatMs, repeat: false },
  { when: 'periodic', intervalMs: beatMs, repeat: true },
  { when: 'event' },
];
const [, , ...emitsWithoutWindow] = emits;

const interval = (amount: number, unit: WindowPlan['size']['unit'] = 'millisecond') => ({ amount, unit });
const windowPlans: Readonly<Record<string, WindowPlan>> = {
  tumbling: { kind: 'tumble', time: column(0, time), slide: interval(20), size: interval(20), zone: 'UTC', boundType: time },
  hopping: { kind: 'hop', time: column(0, time), slide: interval(10), size: interval(25), zone: 'UTC', boundType: time },
  'hopping in a zone': {
    kind: 'hop',
    time: column(0, time),
    slide: interval(7),
    size: interval(21),
    zone: 'Asia/Kolkata',
    boundType: time,
  },
};

const far: Event = { do: 'watermark', timeMs: 1e12 };
const seeds = fc.integer({ min: 1, max: 2 ** 31 });

function expectSame(create: (context: OperatorContext) => Operator, schema: Schema, events: readonly Event[], seed: number): Changelog {
  const changelog = new Changelog();
  const through = new Resuming(create, schema, null).run(events);
  const resumed = new Resuming(create, schema, changelog, seed).run(events);
  expect(resumed).toEqual(through);
  return changelog;
}

describe('an operator that is stopped, restored and goes on hands out what one that was never stopped does', () => {
  describe.each(Object.keys(windowPlans))('over %s windows', (name) => {
    it.each(emits)('emitting $when ($timeoutMs$batchMs$repeat)', (emit) => {
      fc.assert(
        fc.property(fc.boolean(), shapes(calls), shapes(panes), steps, seeds, (inPanes, any, mergeable, given, seed) => {
          const shape = inPanes ? mergeable : any;
          const node = { ...aggregateNode(shape, windowPlans[name]!, emit), window: windowPlans[name]! };
          const events = [
            ...eventsOf(given, typesOf(shape), seed),
            { do: 'cut' } as const,
            far,
            { do: 'beat' } as const,
            { do: 'save' } as const,
          ];
          const changelog = expectSame((context) => new WindowAggregate(node, context), node.schema, events, seed);
          // All windows are closed: what is left are the schema and the scalars.
          if (emit.when !== 'periodic' || given.includes('live')) expect(changelog.entries.size).toBe(2);
        }),
        { numRuns: 6 },
      );
    });
  });

  it.each(emitsWithoutWindow)('without windows, emitting $when ($batchMs$repeat)', (emit) => {
    fc.assert(
      fc.property(shapes(calls), steps, seeds, (shape, given, seed) => {
        const node = aggregateNode(shape, null, emit);
        const events = [...eventsOf(given, typesOf(shape), seed), { do: 'beat' } as const];
        expectSame((context) => new Aggregate(node, context), node.schema, events, seed);
      }),
      { numRuns: 15 },
    );
  });

  it.each([...new Set(calls.map(([name]) => name))])('with %s', (name) => {
    const own = calls.filter((call) => call[0] === name);
    fc.assert(
      fc.property(fc.constantFrom(...own, ...own.map(withIf)), steps, seeds, (call, given, seed) => {
        const shape = { keys: ['uint32'], calls: [call] };
        const node = aggregateNode(shape, null, { when: 'update', batchMs: null });
        expectSame((context) => new Aggregate(node, context), node.schema, eventsOf(['live', ...given], typesOf(shape), seed), seed);
      }),
      { numRuns: 8 },
    );
  });

  it('of DISTINCT, LIMIT BY and LIMIT', () => {
    const types = fc.array(fc.constantFrom(...allTypes), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(types, fc.nat(4), fc.nat(30), steps, seeds, (of, limit, offset, given, seed) => {
        const schema = [field('t', time), ...of.map((type, i) => field(`c${i}`, typeOf(type)))];
        const events = eventsOf(given, of, seed);
        const keys = of.map((type, i) => column(1 + i, typeOf(type)));
        const whole = { schema: schema.slice(1), input: scan(), scope: 'whole' } as const;
        const withoutTime = events.map(
          (event): Event =>
            event.do === 'rows' ? { do: 'rows', chunk: { ...event.chunk, columns: event.chunk.columns.slice(1) } } : event,
        );
        const distinct: DistinctNode = { node: 'distinct', ...whole };
        expectSame((context) => new Distinct(distinct, context), distinct.schema, withoutTime, seed);
        const limitBy: LimitByNode = { node: 'limit_by', ...whole, schema, keys, limit };
        expectSame((context) => new LimitBy(limitBy, context), schema, events, seed);
        for (const bound of [null, limit * 20]) {
          const node: LimitNode = { node: 'limit', ...whole, schema, limit: bound, offset };
          expectSame((context) => new Limit(node, context), schema, events, seed);
        }
      }),
      { numRuns: 25 },
    );
  });
});
