import { type Column, columnOf, createFormatter, type DataType, removeNullable, type Value, valueAt } from '@millrace/data';
import type { EncodeOptions } from '../ports.ts';
import { type CellWriter, type ScalarStyle, scalarWriter, withNull } from './cell-writer.ts';
import { writeJsonText, writeRawJson } from './json-text.ts';
import type { OutputBuffer } from './output-buffer.ts';

/** The writer of a column's values as JSON. Arrays are arrays, maps objects, tuples arrays or, if all elements have names, objects. */
export function jsonCellWriter(type: DataType, options: EncodeOptions): CellWriter {
  const inner = removeNullable(type);
  const style: ScalarStyle = {
    timezone: options.timezone,
    text: inner.kind === 'json' ? writeRawJson : writeJsonText,
    quote: 34,
    quote64BitIntegers: options.quote64BitIntegers,
    denormal: (value) => denormalJson(value, options),
  };
  const write = scalarWriter(inner, style) ?? compositeJsonWriter(inner, options);
  return withNull(write, 'null');
}

function denormalJson(value: number, { quoteDenormals }: EncodeOptions): string {
  if (!quoteDenormals) return 'null';
  return Number.isNaN(value) ? '"nan"' : value > 0 ? '"inf"' : '"-inf"';
}

/** The writer of a column's values as JSON strings of their SQL text; NULL is null, so that it can be told from the text. */
export function jsonStringCellWriter(type: DataType, options: EncodeOptions): CellWriter {
  const inner = removeNullable(type);
  const format = createFormatter(inner, options);
  const isText = inner.kind === 'string';
  const write: CellWriter = (out, column, row) => {
    if (isText && column.kind === 'string') return writeJsonText(out, column.bytes, column.starts[row]!, column.ends[row]!);
    const bytes = Buffer.from(format(valueAt(column, inner, row)), 'latin1');
    writeJsonText(out, bytes, 0, bytes.length);
  };
  return withNull(write, 'null');
}

type ValueWriter = (out: OutputBuffer, value: Value) => void;

function compositeJsonWriter(type: DataType, options: EncodeOptions): CellWriter {
  const write = valueWriter(type, options);
  return (out, column, row) => write(out, (column as Column & { kind: 'value' }).values[row]!);
}

function valueWriter(type: DataType, options: EncodeOptions): ValueWriter {
  switch (type.kind) {
    case 'nullable': {
      const inner = valueWriter(type.inner, options);
      return (out, value) => (value === null ? out.latin1('null') : inner(out, value));
    }
    case 'array': {
      const element = valueWriter(type.element, options);
      return (out, value) => writeList(out, '[]', value as readonly Value[], element);
    }
    case 'map': {
      const key = createFormatter(type.key, options);
      const item = valueWriter(type.value, options);
      return (out, value) =>
        writeList(out, '{}', [...(value as ReadonlyMap<Value, Value>)], (to, [k, v]) => {
          writeKey(to, key(k));
          item(to, v);
        });
    }
    case 'tuple': {
      const elements = type.elements.map((element) => valueWriter(element.type, options));
      const names = type.elements.map(({ name }) => name);
      const isNamed = names.length > 0 && names.every((name) => name !== null);
      return (out, value) =>
        writeList(out, isNamed ? '{}' : '[]', value as readonly Value[], (to, item, i) => {
          if (isNamed) writeKey(to, Buffer.from(names[i]!).toString('latin1'));
          elements[i]!(to, item);
        });
    }
    default: {
      const cell = jsonCellWriter(type, options);
      return (out, value) => (value === null ? out.latin1('null') : cell(out, columnOf(type, [value]), 0));
    }
  }
}

function writeKey(out: OutputBuffer, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  writeJsonText(out, bytes, 0, bytes.length);
  out.byte(58);
}

function writeList<T>(
  out: OutputBuffer,
  brackets: string,
  items: readonly T[],
  write: (out: OutputBuffer, item: T, index: number) => void,
): void {
  out.byte(brackets.charCodeAt(0));
  items.forEach((item, i) => {
    if (i > 0) out.byte(44);
    write(out, item, i);
  });
  out.byte(brackets.charCodeAt(1));
}
