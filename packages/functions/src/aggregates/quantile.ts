import { type BinaryReader, type Column, type DataType, damaged, isNullable, type Value } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import type { Accumulator, AggregateFunction, Argument, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { GrowingLists } from './growing-lists.ts';
import { nullMask, withRoom } from './lanes.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import { expectCount, expectNoParameters, expectNumber, likeNullable, resultOf } from './resolve-arguments.ts';

/** Up to so many values of a group the answer is exact; beyond them a sketch takes over. */
const exactUpTo = 10_000;

const help =
  'exact with linear interpolation up to 10,000 rows of a group, beyond that with a rank error below 1 %. nan does not count. Of no rows nan, NULL if the argument is nullable.';

export const quantile: AggregateFunction = {
  kind: 'aggregate',
  name: 'quantile',
  aliases: [],
  signature: '(x number[, level float64]) -> float64',
  help: `The value below which a share \`level\` (0 … 1, default 0.5) of the rows lie; also written quantile(level)(x); ${help}`,
  examples: [
    ['quantile(0.5)(y)', 2],
    ['quantile(y, 0.9)', 3.9],
    ['quantile(x)', 2],
    ['quantile_if(x, 0.5, false)', null],
  ],
  see: 'ClickHouse: quantileExactInclusive; KLL sketch',
  resolve(args, parameters) {
    expectCount(this, args, 1, 2);
    expectNumber(this, args, 0);
    if (parameters.length + args.length > 2) throw wrongValue(this.name, 'the level is given twice');
    return resolved(args, levelOf(this.name, args, parameters));
  },
};

function fixedLevel(name: string, level: number, examples: AggregateFunction['examples']): AggregateFunction {
  return {
    kind: 'aggregate',
    name,
    aliases: [],
    signature: '(x number) -> float64',
    help: `The ${level === 0.5 ? 'median' : `${level * 100}th percentile`}, ${help}`,
    examples,
    see: 'ClickHouse: quantileExactInclusive; KLL sketch',
    resolve(args, parameters) {
      expectCount(this, args, 1);
      expectNoParameters(this, parameters);
      expectNumber(this, args, 0);
      return resolved(args, level);
    },
  };
}

export const median = fixedLevel('median', 0.5, [
  ['median(y)', 2],
  ['median(x)', 2],
  ['median_if(x, false)', null],
]);
export const p90 = fixedLevel('p90', 0.9, [
  ['p90(y)', 3.9],
  ['p90(x)', 3.6],
  ['p90_if(x, false)', null],
]);
export const p95 = fixedLevel('p95', 0.95, [
  ['p95(y)', 4.2],
  ['p95(x)', 3.8],
  ['p95_if(x, false)', null],
]);
export const p99 = fixedLevel('p99', 0.99, [
  ['p99(y)', 4.44],
  ['p99(x)', 3.96],
  ['p99_if(x, false)', null],
]);

function levelOf(name: string, args: readonly Argument[], parameters: readonly Value[]): number {
  const constant = args[1] === undefined ? undefined : args[1].constant;
  if (args[1] !== undefined && constant === undefined) throw wrongValue(name, 'the level is a constant from 0 to 1');
  const given = constant === undefined ? parameters[0] : constant.value;
  if (given === undefined) return 0.5;
  const level = typeof given === 'number' || typeof given === 'bigint' ? Number(given) : Number.NaN;
  if (level >= 0 && level <= 1) return level;
  throw wrongValue(name, `the level is ${given === null ? 'NULL' : String(given)}, but goes from 0 to 1`);
}

function resolved(args: readonly Argument[], level: number): ReturnType<AggregateFunction['resolve']> {
  const [argument, ...rest] = args as [Argument, ...Argument[]];
  const float64: DataType = { kind: 'float64' };
  return {
    returns: resultOf(float64, [argument]),
    argumentTypes: [likeNullable(float64, argument), ...rest.map(({ type }) => type)],
    create: () => new QuantileAccumulator(level, isNullable(argument.type)),
  };
}

/** The values of one group in the order of their arrival, as long as they are few. */
interface ExactValues {
  lane: Float64Array;
  length: number;
  /** The quantile of the first so many, so that it is computed once. */
  resultOf: number;
  result: number;
}

type GroupState = ExactValues | QuantileSketch | undefined;

class QuantileAccumulator implements Accumulator {
  readonly #level: number;
  readonly #nullable: boolean;
  readonly #saved = new GrowingLists();
  #groups: GroupState[] = [];
  #sorted = new Float64Array(0);
  #sizeBytes = 0;

  constructor(level: number, nullable: boolean) {
    this.#level = level;
    this.#nullable = nullable;
  }

  resize(count: number): void {
    while (this.#groups.length < count) this.#groups.push(undefined);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values } = args[0] as Extract<Column, { kind: 'number' }>;
    const nulls = nullMask(args.slice(0, 1), rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      const value = values[row]!;
      if (!Number.isNaN(value)) this.#add(group, value);
    }
  }

  merge(into: number, other: QuantileAccumulator, from: number): void {
    const theirs = other.#groups[from];
    if (theirs === undefined) return;
    if (theirs instanceof QuantileSketch) {
      const mine = this.#asSketch(into);
      this.#resized(mine, () => mine.merge(theirs));
    } else for (let i = 0; i < theirs.length; i++) this.#add(into, theirs.lane[i]!);
  }

  evaluate(groups: Int32Array, count: number): Column {
    const values = new Float64Array(count);
    let nulls: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      const state = this.#groups[groups[i]!];
      values[i] =
        state === undefined ? Number.NaN : state instanceof QuantileSketch ? state.quantile(this.#level) : this.#exactQuantile(state);
      if (this.#nullable && state === undefined) (nulls ??= new Uint8Array(count))[i] = 1;
    }
    return { kind: 'number', values, nulls };
  }

  reset(group: number): void {
    const state = this.#groups[group];
    if (state !== undefined) this.#sizeBytes -= sizeOf(state);
    this.#groups[group] = undefined;
    this.#saved.forget(group);
  }

  get sizeBytes(): number {
    return this.#sizeBytes + this.#groups.length * 8 + this.#sorted.byteLength + this.#saved.sizeBytes;
  }

  readonly format = 'none, values or sketch';

  save(from: number, to: number, states: GroupStateWriter): void {
    for (let group = from; group < to; group++) {
      const state = this.#groups[group];
      const isSketch = state instanceof QuantileSketch;
      states.out.uint8(isSketch ? 2 : Number(state !== undefined));
      if (isSketch) this.#saveSketch(group, state, states);
      else if (state !== undefined) this.#saved.save(group, state.length, states, (out, first, end) => out.floats(state.lane, first, end));
    }
  }

  load(from: number, to: number, states: GroupStateReader): void {
    for (let group = from; group < to; group++) {
      const kind = states.in.uint8();
      if (kind > 2) throw damaged(`a quantile of kind ${kind}`);
      if (kind === 1) this.#saved.load(group, states, (bytes, count) => this.#addValues(group, bytes, count));
      else if (kind === 2) this.#loadSketch(group, states);
    }
  }

  /** A sketch is one piece, written when it changed. */
  #saveSketch(group: number, sketch: QuantileSketch, states: GroupStateWriter): void {
    this.#saved.saveWhole(group, sketch.isChanged, states, (out) => sketch.write(out));
    sketch.isChanged = false;
  }

  #loadSketch(group: number, states: GroupStateReader): void {
    this.#saved.loadWhole(group, states, (bytes) => this.#install(group, QuantileSketch.read(bytes)));
  }

  #addValues(group: number, bytes: BinaryReader, count: number): void {
    for (let i = 0; i < count; i++) this.#add(group, bytes.float64());
  }

  /** The values themselves stay in their order: they may be saved up to some place in it. */
  #exactQuantile(state: ExactValues): number {
    const { lane, length } = state;
    if (state.resultOf === length) return state.result;
    this.#sorted = withRoom(this.#sorted, length);
    const sorted = this.#sorted.subarray(0, length);
    sorted.set(lane.subarray(0, length));
    state.result = quantileOf(sorted.sort(), this.#level);
    state.resultOf = length;
    return state.result;
  }

  #add(group: number, value: number): void {
    const state = this.#groups[group];
    if (state instanceof QuantileSketch) this.#resized(state, () => state.add(value));
    else if (state === undefined) this.#install(group, { lane: Float64Array.of(value, 0, 0, 0), length: 1, resultOf: 1, result: value });
    else if (state.length === exactUpTo) this.#addToSketch(this.#asSketch(group), value);
    else this.#append(state, value);
  }

  #addToSketch(sketch: QuantileSketch, value: number): void {
    this.#resized(sketch, () => sketch.add(value));
  }

  #append(state: ExactValues, value: number): void {
    if (state.length === state.lane.length) {
      const lane = new Float64Array(Math.min(exactUpTo, state.length * 2));
      lane.set(state.lane);
      this.#sizeBytes += lane.byteLength - state.lane.byteLength;
      state.lane = lane;
    }
    state.lane[state.length++] = value;
  }

  /** The group's sketch, made of its exact values if it has none yet. */
  #asSketch(group: number): QuantileSketch {
    const state = this.#groups[group];
    if (state instanceof QuantileSketch) return state;
    const sketch = new QuantileSketch();
    if (state !== undefined) for (let i = 0; i < state.length; i++) sketch.add(state.lane[i]!);
    this.reset(group);
    this.#install(group, sketch);
    return sketch;
  }

  #install(group: number, state: ExactValues | QuantileSketch): void {
    this.#groups[group] = state;
    this.#sizeBytes += sizeOf(state);
  }

  #resized(sketch: QuantileSketch, change: () => void): void {
    this.#sizeBytes -= sketch.sizeBytes;
    change();
    this.#sizeBytes += sketch.sizeBytes;
  }
}

function sizeOf(state: ExactValues | QuantileSketch): number {
  return state instanceof QuantileSketch ? state.sizeBytes : state.lane.byteLength + 64;
}

/** @see Hyndman, Fan 1996, definition 7 */
function quantileOf(sorted: Float64Array, level: number): number {
  const rank = level * (sorted.length - 1);
  const below = Math.floor(rank);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low === high ? low : low + (high - low) * (rank - below);
}
