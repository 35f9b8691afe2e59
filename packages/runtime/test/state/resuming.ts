import { FakeClock, SeededRandom } from '@millrace/core';
import { type Chunk, columnOf, type DataType, parseDataType, type Schema, type Value, valueAt } from '@millrace/data';
import type { Mark, Operator, OperatorContext } from '../../src/operators/operator.ts';
import { MemoryBudget } from '../../src/state/memory-budget.ts';
import { maxEntryBytes, type OperatorState } from '../../src/state/operator-state.ts';

/** What happens to an operator, one after another. `cut` stops it and goes on with a new one. */
export type Event =
  | { readonly do: 'rows'; readonly chunk: Chunk }
  | { readonly do: 'watermark'; readonly timeMs: number }
  | { readonly do: 'live' }
  /** Processing time goes on by {@link beatMs}. */
  | { readonly do: 'beat' }
  | { readonly do: 'save' }
  | { readonly do: 'cut' };

/** Periods, batch times and time-outs of all operators under test. */
export const beatMs = 1000;

export function contextAt(clock: FakeClock, keepsState = true): OperatorContext {
  return {
    clock,
    kernels: { clock, random: new SeededRandom(1), timezone: 'UTC' },
    memory: new MemoryBudget(1 << 30),
    keepsState,
  };
}

/** A changelog: later puts win, null takes away. */
export class Changelog {
  readonly entries = new Map<string, Buffer>();
  putCount = 0;
  putBytes = 0;

  take(state: OperatorState): void {
    state.takeChanges((key, value) => {
      if (key.length + (value?.length ?? 0) > maxEntryBytes) throw new Error(`an entry of ${value?.length} bytes`);
      const name = Buffer.from(key).toString('latin1');
      this.putCount++;
      this.putBytes += key.length + (value?.length ?? 0);
      if (value === null) this.entries.delete(name);
      else this.entries.set(name, Buffer.from(value));
    });
  }

  /** How many entries there are of a kind (see state-entries.ts). */
  count(kind: number): number {
    return [...this.entries.keys()].filter((key) => key.charCodeAt(0) === kind).length;
  }

  list(): { key: Buffer; value: Buffer }[] {
    return [...this.entries].map(([key, value]) => ({ key: Buffer.from(key, 'latin1'), value }));
  }
}

/** Rows handed out by each event. */
export type Outcome = Value[][][];

/** Runs an operator through events. With a changelog, it is saved and made anew where they say so; without, it runs through. */
export class Resuming {
  readonly #create: (context: OperatorContext) => Operator;
  readonly #schema: Schema;
  readonly #clock = new FakeClock(0);
  readonly #changelog: Changelog | null;
  readonly #random: SeededRandom;
  #isLive = false;
  operator: Operator;

  constructor(create: (context: OperatorContext) => Operator, schema: Schema, changelog: Changelog | null, seed = 1) {
    this.#create = create;
    this.#schema = schema;
    this.#changelog = changelog;
    this.#random = new SeededRandom(seed);
    this.operator = create(contextAt(this.#clock, changelog !== null));
  }

  run(events: readonly Event[]): Outcome {
    return events.map((event) => this.#on(event));
  }

  #on(event: Event): Value[][] {
    switch (event.do) {
      case 'rows':
        return this.#collect((out) => this.operator.onChunk(event.chunk, out));
      case 'watermark':
        return this.#mark({ kind: 'watermark', timeMs: event.timeMs });
      case 'live':
        if (this.#isLive) return [];
        this.#isLive = true;
        return this.#mark({ kind: 'live' });
      case 'beat':
        this.#clock.advance(beatMs);
        if (this.operator.wakeAtMs > this.#clock.monotonic()) return [];
        return this.#mark({ kind: 'tick', nowMs: this.#clock.monotonic() });
      case 'save':
        if (this.#changelog !== null) this.#save(this.#changelog);
        return [];
      case 'cut':
        return this.#changelog === null ? [] : this.#cut(this.#changelog);
    }
  }

  #save(changelog: Changelog): void {
    const state = this.operator.state!;
    changelog.take(state);
    if (state.isDirty) throw new Error('what was just saved is dirty');
    const before = changelog.putCount;
    changelog.take(state);
    if (changelog.putCount !== before) throw new Error('what is not dirty was written');
  }

  #cut(changelog: Changelog): Value[][] {
    this.#save(changelog);
    this.operator = this.#create(contextAt(this.#clock));
    this.operator.state!.restore(this.#shuffled(changelog.list()));
    if (this.operator.state!.isDirty) throw new Error('what was just restored is dirty');
    // The scan of the new task tells that it is live as that of the old one did.
    return this.#isLive ? this.#mark({ kind: 'live' }) : [];
  }

  #shuffled<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }

  #mark(mark: Mark): Value[][] {
    return this.#collect((out) => this.operator.onMark(mark, out));
  }

  #collect(run: (out: { chunk(chunk: Chunk): void; mark(mark: Mark): void }) => void): Value[][] {
    const rows: Value[][] = [];
    run({
      chunk: (chunk) => {
        for (let row = 0; row < chunk.rowCount; row++) rows.push(this.#schema.map(({ type }, i) => valueAt(chunk.columns[i]!, type, row)));
      },
      mark: () => {},
    });
    return rows;
  }
}

const moment = Date.UTC(2026, 0, 1) / 1000;

/** A few values of each type that tests group by and aggregate, first the ordinary ones. */
export const pools: Readonly<Record<string, readonly Value[]>> = {
  int32: [1, 2, 3, -7, 0, 2_147_483_647],
  'nullable(int32)': [1, null, 3, -1],
  int64: [5n, -5n, 2n ** 62n, -(2n ** 63n)],
  'nullable(uint64)': [1n, null, 2n ** 64n - 1n],
  float64: [1.5, -2.25, 0.1, 0, Number.NaN, Number.POSITIVE_INFINITY, 1e300],
  'nullable(float64)': [0.1, null, 0.2, 7],
  string: ['a', 'b', '', '\xff\x00', 'long '.repeat(20)],
  'nullable(string)': ['x', null, ''],
  bool: [true, false],
  date: [20_000, -3],
  datetime: [moment, moment + 59],
  'datetime64(9)': [BigInt(moment) * 1_000_000_000n + 7n, -1n],
  "enum8('on' = 1, 'off' = -2)": ['on', 'off'],
  uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '00000000-0000-0000-0000-000000000000'],
  'tuple(int8, nullable(string))': [
    [1, 'p'],
    [1, null],
    [-1, ''],
  ],
  'array(int32)': [[], [1], [1, 2]],
  'map(string, int64)': [new Map(), new Map([['k', 9n]])],
  // Enough groups for several segments.
  uint32: Array.from({ length: 150 }, (_, i) => i * 7),
};

export function typeOf(text: string): DataType {
  return parseDataType(text);
}

/** Rows of columns, each value drawn from the pool of its type. */
export function drawColumns(types: readonly string[], rowCount: number, random: SeededRandom) {
  return types.map((type) => {
    const pool = pools[type]!;
    return columnOf(
      typeOf(type),
      Array.from({ length: rowCount }, () => pool[random.below(pool.length)]!),
    );
  });
}
