import { type Column, columnKind, isNullable } from '@millrace/data';
import type { Accumulator, AggregateFunction, GroupStateReader, GroupStateWriter } from '../definition.ts';
import { createGroupValues, type Direction, type GroupValues, numberBeats } from './group-values.ts';
import { nullMask, numberColumn, withRoom } from './lanes.ts';
import { expectCount, expectNoParameters, expectValue } from './resolve-arguments.ts';

function extremum(name: string, what: string, direction: Direction, examples: AggregateFunction['examples']): AggregateFunction {
  return {
    kind: 'aggregate',
    name,
    aliases: [],
    signature: '(x any) -> any',
    help: `The ${what} value. nan counts only where there is nothing else. Of no rows the type's default, NULL if the argument is nullable.`,
    examples,
    see: `ClickHouse: ${name}`,
    resolve(args, parameters) {
      expectCount(this, args, 1);
      expectNoParameters(this, parameters);
      expectValue(this, args, 0);
      const { type } = args[0]!;
      const create = () =>
        columnKind(type) === 'number'
          ? new NumberExtremum(direction, isNullable(type))
          : new AnyExtremum(direction, createGroupValues(type));
      return { returns: type, argumentTypes: [type], create };
    },
  };
}

export const min = extremum('min', 'smallest', 1, [
  ['min(x)', 1],
  ['min(s)', 'a'],
  ['min_if(x, false)', null],
  ['min_if(y, false)', 0],
]);
export const max = extremum('max', 'greatest', -1, [
  ['max(x)', 4],
  ['max(s)', 'c'],
  ['max_if(x, false)', null],
  ['max_if(s, false)', ''],
]);

/** Numbers of up to 53 bits, dates and times: one tight loop over lanes. */
class NumberExtremum implements Accumulator {
  readonly #direction: Direction;
  readonly #nullable: boolean;
  #best = new Float64Array(0);
  #seen = new Uint8Array(0);

  constructor(direction: Direction, nullable: boolean) {
    this.#direction = direction;
    this.#nullable = nullable;
  }

  resize(count: number): void {
    this.#best = withRoom(this.#best, count);
    this.#seen = withRoom(this.#seen, count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const { values } = args[0] as Extract<Column, { kind: 'number' }>;
    const nulls = nullMask(args, rowCount);
    const [best, seen, direction] = [this.#best, this.#seen, this.#direction];
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      const value = values[row]!;
      if (seen[group] === 1 && !numberBeats(value, best[group]!, direction)) continue;
      best[group] = value;
      seen[group] = 1;
    }
  }

  merge(into: number, other: NumberExtremum, from: number): void {
    if (other.#seen[from] === 0) return;
    if (this.#seen[into] === 1 && !numberBeats(other.#best[from]!, this.#best[into]!, this.#direction)) return;
    this.#best[into] = other.#best[from]!;
    this.#seen[into] = 1;
  }

  evaluate(groups: Int32Array, count: number): Column {
    return numberColumn(this.#best, groups, count, this.#nullable ? this.#seen : null);
  }

  reset(group: number): void {
    this.#best[group] = 0;
    this.#seen[group] = 0;
  }

  get sizeBytes(): number {
    return this.#best.byteLength + this.#seen.byteLength;
  }

  readonly format = 'best, seen';

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.floats(this.#best, from, to);
    out.flags(this.#seen, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    states.in.floats(this.#best, from, to);
    states.in.flags(this.#seen, from, to);
  }
}

class AnyExtremum implements Accumulator {
  readonly #direction: Direction;
  readonly #best: GroupValues;

  constructor(direction: Direction, best: GroupValues) {
    this.#direction = direction;
    this.#best = best;
  }

  resize(count: number): void {
    this.#best.resize(count);
  }

  update(args: readonly Column[], groups: Int32Array, rowCount: number): void {
    const [column] = args as [Column];
    const nulls = nullMask(args, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!;
      if (group < 0 || (nulls !== null && nulls[row] === 1)) continue;
      if (!this.#best.has(group) || this.#best.beats(column, row, group, this.#direction)) this.#best.set(group, column, row);
    }
  }

  merge(into: number, other: AnyExtremum, from: number): void {
    if (!other.#best.has(from)) return;
    if (!this.#best.has(into) || this.#best.groupBeats(other.#best, from, into, this.#direction)) this.#best.copy(into, other.#best, from);
  }

  evaluate(groups: Int32Array, count: number): Column {
    return this.#best.column(groups, count);
  }

  reset(group: number): void {
    this.#best.clear(group);
  }

  get sizeBytes(): number {
    return this.#best.sizeBytes;
  }

  get format(): string {
    return this.#best.format;
  }

  save(from: number, to: number, { out }: GroupStateWriter): void {
    this.#best.save(from, to, out);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    this.#best.load(from, to, states.in);
  }
}
