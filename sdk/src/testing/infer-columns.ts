import type { Column, Row, Value } from '../values.ts';

/** Columns by the values that stand in rows. @param known types of columns that are not to be guessed */
export function inferColumns(rows: readonly Row[], known: readonly Column[] = []): readonly Column[] {
  const types = new Map(known.map(({ name, type }) => [name, type]));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => {
    const values = rows.map((row) => row[name] ?? null);
    const type = types.get(name) ?? typeOf(values.find((value) => value !== null) ?? null);
    return { name, type: values.includes(null) ? nullable(type) : type };
  });
}

function typeOf(value: Value): string {
  switch (typeof value) {
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int64';
    case 'boolean':
      return 'bool';
    case 'object':
      return value === null ? 'string' : compositeType(value);
    default:
      return 'string';
  }
}

function compositeType(value: readonly Value[] | ReadonlyMap<Value, Value>): string {
  if (!isMap(value)) return `array(${elementType(value)})`;
  return `map(${elementType([...value.keys()])}, ${elementType([...value.values()])})`;
}

function elementType(values: readonly Value[]): string {
  const type = typeOf(values.find((value) => value !== null) ?? null);
  return values.includes(null) ? nullable(type) : type;
}

function nullable(type: string): string {
  return /^(array|map|tuple|nullable)\(/.test(type) ? type : `nullable(${type})`;
}

/** Readonly arrays and maps are not told apart by the checker. */
export function isMap(value: Value): value is ReadonlyMap<Value, Value> {
  return value instanceof Map;
}
