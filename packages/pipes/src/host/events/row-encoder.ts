import type { Schema } from '@millrace/data';
import type { Row, Column as SdkColumn } from '@millrace/sdk';
import { DeclaredColumns, type EncodedColumns, RowColumns } from './row-columns.ts';
import { describeValue } from './stored-value.ts';

/** Puts the rows that a stage makes of a stream into columns; remembers their types from batch to batch. One for a stage and an input schema. */
export class RowEncoder {
  readonly #inferred: RowColumns;
  readonly #known = new WeakMap<readonly SdkColumn[], DeclaredColumns>();
  readonly #equal = new Map<string, DeclaredColumns>();

  constructor(input: Schema) {
    this.#inferred = new RowColumns(input);
  }

  /** What columns mean, the same object for equal ones. @throws {TypeError}; {MillraceError} PLAN_TYPE_UNKNOWN */
  declared(columns: readonly SdkColumn[]): DeclaredColumns {
    const known = this.#known.get(columns);
    if (known !== undefined) return known;
    checkColumns(columns);
    const text = JSON.stringify(columns.map(({ name, type }) => [name, type]));
    let declared = this.#equal.get(text);
    if (declared === undefined) this.#equal.set(text, (declared = new DeclaredColumns(columns)));
    this.#known.set(columns, declared);
    return declared;
  }

  /** @throws {RowRefused} */
  encode(rows: readonly Row[], declared: DeclaredColumns | undefined): EncodedColumns {
    return declared === undefined ? this.#inferred.encode(rows) : declared.encode(rows);
  }
}

function checkColumns(columns: readonly SdkColumn[]): void {
  const isColumn = (column: SdkColumn | undefined) => typeof column?.name === 'string' && typeof column.type === 'string';
  if (!Array.isArray(columns) || !columns.every(isColumn)) {
    throw new TypeError(`columns are an array of { name, type }, not ${describeValue(columns)}`);
  }
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name)) throw new TypeError(`two columns are called ${name}`);
    names.add(name);
  }
}
