import {
  type Column,
  createColumnBuilder,
  type DataType,
  formatDataType,
  isNullable,
  makeNullable,
  parseDataType,
  removeNullable,
  type Schema,
} from '@millrace/data';
import type { Row, Column as SdkColumn } from '@millrace/sdk';
import { inferType } from './infer-type.ts';
import { describeValue, storedValueWriter, ValueRefused, type ValueWriter } from './stored-value.ts';
import { TextColumnBuilder } from './text-column.ts';

/** A row that cannot be taken: `row` is its place among those given. */
export class RowRefused extends Error {
  readonly row: number;

  constructor(row: number, message: string) {
    super(message);
    this.row = row;
  }
}

/** Who makes names of values would never end. */
const maxColumns = 1000;

/** Rows in columns. */
export interface EncodedColumns {
  readonly schema: Schema;
  readonly columns: readonly Column[];
}

interface Slot {
  readonly name: string;
  type: DataType;
  write: ValueWriter;
  /** By a literal name: quicker than by a variable one. */
  readonly read: (row: Row) => unknown;
  /** False while only NULLs have come. */
  isTyped: boolean;
}

/**
 * Puts rows that a plugin gave into columns. Columns keep the type that they had in the input, new ones take that of their first value, and
 * keep it from batch to batch; a NULL makes a column nullable. One for a stage and an input schema.
 */
export class RowColumns {
  readonly #input: ReadonlyMap<string, DataType>;
  #slots: Slot[] = [];
  #schema: Schema = [];

  constructor(input: Schema) {
    this.#input = new Map(input.map(({ name, type }) => [name, type]));
  }

  /** @throws {RowRefused} */
  encode(rows: readonly Row[]): EncodedColumns {
    this.#learn(rows);
    for (;;) {
      const columns = this.#slots.map((slot) => encodeSlot(slot, rows));
      if (columns.every((column) => column !== undefined)) return { schema: this.#currentSchema(), columns };
      // A NULL where none was before: the column is nullable from now on.
    }
  }

  /** Takes note of columns that were not seen before. Rows seldom differ in shape: mostly it only counts. */
  #learn(rows: readonly Row[]): void {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new RowRefused(i, `${describeValue(row)} is no row`);
      let known = 0;
      for (const name in row) {
        if (this.#knows(name, known)) known++;
        else if (Object.hasOwn(row, name)) this.#add(name, row[name], i);
      }
    }
    for (const slot of this.#slots) if (!slot.isTyped) this.#typeBy(slot, rows);
  }

  #knows(name: string, at: number): boolean {
    return this.#slots[at]?.name === name || this.#slots.some((slot) => slot.name === name);
  }

  #add(name: string, value: unknown, row: number): void {
    if (this.#slots.length === maxColumns) throw new RowRefused(row, `with ${name} there are more than ${maxColumns} columns`);
    const kept = this.#input.get(name);
    const type = kept ?? (value === null || value === undefined ? undefined : typeOf(name, value, row));
    const slot = {
      name,
      type: type ?? makeNullable({ kind: 'string' }),
      isTyped: type !== undefined,
      read: readerOf(name),
    };
    this.#slots.push({ ...slot, write: storedValueWriter(slot.type) });
  }

  #typeBy(slot: Slot, rows: readonly Row[]): void {
    const first = rows.findIndex((row) => (slot.read(row) ?? null) !== null);
    if (first < 0) return;
    slot.type = makeNullable(typeOf(slot.name, slot.read(rows[first]!), first));
    slot.write = storedValueWriter(slot.type);
    slot.isTyped = true;
  }

  /** The same object as long as nothing has changed: what is made for a schema is made once. */
  #currentSchema(): Schema {
    const isSame = this.#schema.length === this.#slots.length && this.#slots.every(({ type }, i) => this.#schema[i]!.type === type);
    if (!isSame) this.#schema = this.#slots.map(({ name, type }) => ({ name, type }));
    return this.#schema;
  }
}

/** What every object has by itself is no value of a row. */
function readerOf(name: string): Slot['read'] {
  if (name in Object.prototype) return (row) => (Object.hasOwn(row, name) ? row[name] : undefined);
  return new Function('row', `return row[${JSON.stringify(name)}]`) as Slot['read'];
}

function typeOf(name: string, value: unknown, row: number): DataType {
  try {
    return inferType(value);
  } catch (error) {
    throw refused(error, name, row);
  }
}

/** @returns undefined if a NULL stands where none may: the slot is nullable now */
function encodeSlot(slot: Slot, rows: readonly Row[]): Column | undefined {
  return (removeNullable(slot.type).kind === 'string' ? encodeTexts(slot, rows) : undefined) ?? encodeValues(slot, rows);
}

/** @returns undefined if a row holds anything but a text, or a NULL where one may stand: that is told elsewhere */
function encodeTexts({ read, type }: Slot, rows: readonly Row[]): Column | undefined {
  const builder = new TextColumnBuilder(rows.length);
  const takesNull = isNullable(type);
  for (let i = 0; i < rows.length; i++) {
    const value = read(rows[i]!) ?? null;
    if (typeof value === 'string') builder.append(value);
    else if (value === null && takesNull) builder.appendNull();
    else return undefined;
  }
  return builder.finish();
}

/** As {@link encodeSlot}, for any type. */
function encodeValues(slot: Slot, rows: readonly Row[]): Column | undefined {
  const builder = createColumnBuilder(slot.type, rows.length);
  const { read, write, type } = slot;
  const takesNull = isNullable(type);
  for (let i = 0; i < rows.length; i++) {
    const value = read(rows[i]!) ?? null;
    if (value === null) {
      if (!takesNull) {
        const composite = type.kind === 'array' || type.kind === 'map' || type.kind === 'tuple';
        if (composite) throw new RowRefused(i, `the column ${slot.name} of type ${formatDataType(type)} takes no null`);
        slot.type = makeNullable(type);
        slot.write = storedValueWriter(slot.type);
        return undefined;
      }
      builder.appendNull();
    } else builder.append(writeAt(write, value, slot.name, i));
  }
  return builder.finish();
}

function writeAt(write: ValueWriter, value: unknown, name: string, row: number) {
  try {
    return write(value);
  } catch (error) {
    throw refused(error, name, row);
  }
}

function refused(error: unknown, name: string, row: number): unknown {
  return error instanceof ValueRefused ? new RowRefused(row, `column ${name}: ${error.message}`) : error;
}

interface DeclaredColumn {
  readonly name: string;
  readonly read: (row: Row) => unknown;
  readonly type: DataType;
  readonly write: ValueWriter;
}

/** Puts rows into columns whose types the plugin has told: every row has them, and nothing else. */
export class DeclaredColumns {
  readonly schema: Schema;
  readonly #writers: readonly DeclaredColumn[];

  /** @throws {MillraceError} PLAN_TYPE_UNKNOWN */
  constructor(columns: readonly SdkColumn[]) {
    this.schema = columns.map(({ name, type }) => ({ name, type: parseDataType(type) }));
    this.#writers = this.schema.map(({ name, type }) => ({ name, type, read: readerOf(name), write: storedValueWriter(type) }));
  }

  /** @throws {RowRefused} */
  encode(rows: readonly Row[]): EncodedColumns {
    const names = new Set(this.schema.map(({ name }) => name));
    for (const [i, row] of rows.entries()) {
      if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new RowRefused(i, `${describeValue(row)} is no row`);
      const other = Object.keys(row).find((name) => !names.has(name));
      if (other !== undefined) throw new RowRefused(i, `${other} is none of the columns: they are ${[...names].join(', ')}`);
    }
    return { schema: this.schema, columns: this.#writers.map((writer) => this.#column(writer, rows)) };
  }

  #column({ name, type, read, write }: DeclaredColumn, rows: readonly Row[]): Column {
    const builder = createColumnBuilder(type, rows.length);
    for (const [i, row] of rows.entries()) {
      const value = read(row) ?? null;
      if (value === null && !isNullable(type)) throw new RowRefused(i, `the column ${name} of type ${formatDataType(type)} takes no null`);
      builder.append(value === null ? null : writeAt(write, value, name, i));
    }
    return builder.finish();
  }
}
