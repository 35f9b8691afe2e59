import { isAscii } from 'node:buffer';
import { type Column, columnKind, type DataType, formatDataType, type Schema, type Value as StoredValue } from '@millrace/data';
import type { Row, Column as SdkColumn, Value } from '@millrace/sdk';
import { sdkValueReader } from './sdk-value.ts';

/** What is made once for a schema. */
export interface RowLayout {
  readonly columns: readonly SdkColumn[];
  readonly indexes: ReadonlyMap<string, number>;
  /** A function that makes the object of a row of these lanes. */
  readonly rowMaker: (lanes: readonly Column[], rowCount: number) => (row: number) => Row;
}

const layouts = new WeakMap<Schema, RowLayout>();

/** The layout of a schema: made once for each schema object. */
export function rowLayout(schema: Schema): RowLayout {
  let layout = layouts.get(schema);
  if (layout === undefined) layouts.set(schema, (layout = makeLayout(schema)));
  return layout;
}

function makeLayout(schema: Schema): RowLayout {
  return {
    columns: Object.freeze(schema.map(({ name, type }) => Object.freeze({ name, type: formatDataType(type) }))),
    indexes: new Map(schema.map(({ name }, index) => [name, index])),
    rowMaker: compileRowMaker(schema),
  };
}

/**
 * Rows are object literals of one shape, made by code generated for the schema: of user texts only column names are in it, as quoted JSON.
 */
function compileRowMaker(schema: Schema): RowLayout['rowMaker'] {
  const readers = schema.map(({ type }) => storedReader(type));
  const setup = schema.map(({ type }, i) => laneSetup(type, i)).join('\n');
  const fields = schema.map(({ name, type }, i) => `[${JSON.stringify(name)}]: ${laneRead(type, i)}`).join(', ');
  const make = new Function('readers', 'shortTexts', `return (lanes, rowCount) => {\n${setup}\nreturn (row) => ({ ${fields} });\n};`);
  return make(readers, shortTexts) as RowLayout['rowMaker'];
}

/** A piece of a text that is longer is no copy: who keeps it would keep the whole. */
const longestCopied = 12;
/** Where a buffer holds much else beside the column, its bytes are better read one by one. */
const mostBytesPerRow = 64;

/** All bytes of a column as one text, if they are ASCII: short pieces of it come quicker than texts out of bytes. */
function shortTexts(bytes: Buffer, rowCount: number): string | null {
  return bytes.length <= rowCount * mostBytesPerRow && isAscii(bytes) ? bytes.toString('latin1') : null;
}

function laneSetup(type: DataType, i: number): string {
  const own = `const c${i} = lanes[${i}], n${i} = c${i}.nulls ?? null;`;
  if (columnKind(type) === 'string')
    return `${own} const b${i} = c${i}.bytes, s${i} = c${i}.starts, e${i} = c${i}.ends, a${i} = shortTexts(b${i}, rowCount);`;
  return `${own} const v${i} = c${i}.values, r${i} = readers[${i}];`;
}

function laneRead(type: DataType, i: number): string {
  const kind = columnKind(type);
  if (kind === 'value') return `r${i}(v${i}[row])`;
  const orNull = (text: string) => `(n${i} !== null && n${i}[row] === 1 ? null : ${text})`;
  if (kind === 'string') {
    const [from, to] = [`s${i}[row]`, `e${i}[row]`];
    const ascii = `(${to} - ${from} <= ${longestCopied} ? a${i}.substring(${from}, ${to}) : b${i}.latin1Slice(${from}, ${to}))`;
    return orNull(`a${i} !== null ? ${ascii} : b${i}.utf8Slice(${from}, ${to})`);
  }
  return orNull(numberText(type, `v${i}[row]`, i));
}

function numberText(type: DataType, lane: string, i: number): string {
  const inner = type.kind === 'nullable' ? type.inner : type;
  if (inner.kind === 'bool') return `${lane} !== 0`;
  return sdkValueReader(inner) === undefined ? lane : `r${i}(${lane})`;
}

/** A stored value, or NULL, as plugins see it. */
export function storedReader(type: DataType): (value: StoredValue) => Value {
  const read = sdkValueReader(type);
  return read === undefined ? (value) => value as Value : (value) => (value === null ? null : read(value));
}
