import { RowFailure } from './row-failure.ts';

/** Which input columns come with a NULL lane: a loop is compiled for each pattern that occurs. */
export type NullLanes = (column: number) => boolean;

/** A function that runs over the rows of a chunk. */
export type Loop = (columns: readonly unknown[], rowCount: number) => unknown;

const readsOfLanes = {
  number: ['values', 'nulls'],
  bigint: ['values', 'nulls'],
  string: ['bytes', 'starts', 'ends', 'nulls'],
  value: ['values'],
} as const;

/**
 * Collects the parts of one loop over rows and makes a function of them.
 *
 * Names in the text are generated here, values from outside are captured: nothing of a query's text becomes code.
 */
export class LoopWriter {
  readonly #captured: unknown[] = [];
  readonly #capturedNames = new Map<unknown, string>();
  readonly #prologue: string[] = [];
  readonly #row: string[] = [];
  readonly #declared = new Set<string>();
  #temps: string[] = [];
  #sequence = 0;

  /** The name under which the text sees a value. */
  capture(value: unknown): string {
    const known = this.#capturedNames.get(value);
    if (known !== undefined) return known;
    const name = `k${this.#captured.length}`;
    this.#captured.push(value);
    this.#capturedNames.set(value, name);
    return name;
  }

  /** A new variable of the row. */
  temp(): string {
    const name = `t${this.#sequence++}`;
    this.#temps.push(name);
    return name;
  }

  /** A new name that is declared elsewhere. */
  name(prefix: string): string {
    return `${prefix}${this.#sequence++}`;
  }

  /** Runs `write` with variables of its own: for the body of a function. Returns them declared, or ''. */
  scoped<T>(write: () => T): { readonly result: T; readonly declaration: string } {
    const outer = this.#temps;
    this.#temps = [];
    const result = write();
    const declaration = this.#temps.length === 0 ? '' : `let ${this.#temps.join(', ')};`;
    this.#temps = outer;
    return { result, declaration };
  }

  /** A statement before the loop. */
  before(statement: string): void {
    this.#prologue.push(statement);
  }

  /** A statement at the beginning of each row, once however often it is asked for. */
  atRow(statement: string): void {
    if (this.#declared.has(statement)) return;
    this.#declared.add(statement);
    this.#row.push(statement);
  }

  /** Makes the lanes of a column known: `values3`, `nulls3`, … */
  useColumn(index: number, kind: keyof typeof readsOfLanes): void {
    const statement = `const ${readsOfLanes[kind].map((lane) => `${lane}${index} = columns[${index}].${lane}`).join(', ')};`;
    if (this.#declared.has(statement)) return;
    this.#declared.add(statement);
    this.#prologue.push(statement);
  }

  /** @param body statements of a row, @param result the expression that the function returns. */
  compile(body: readonly string[], result: string): Loop {
    const lines = [
      '"use strict";',
      ...this.#captured.map((_, i) => `const k${i} = captured[${i}];`),
      'return function loop(columns, rowCount) {',
      ...this.#prologue,
      'let row = 0;',
      'try {',
      'for (; row < rowCount; row++) {',
      ...(this.#temps.length === 0 ? [] : [`let ${this.#temps.join(', ')};`]),
      ...this.#row,
      ...body,
      '}',
      '} catch (error) { throw new RowFailure(row, error); }',
      `return ${result};`,
      '};',
    ];
    const make = new Function('captured', 'RowFailure', lines.join('\n')) as (captured: readonly unknown[], failure: unknown) => Loop;
    return make(this.#captured, RowFailure);
  }
}
