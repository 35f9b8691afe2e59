/** IoTDB's types by name, with their numbers on the wire. TIMESTAMP, DATE, BLOB and STRING are known since 1.3.3. */
export const dataTypes = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 3,
  DOUBLE: 4,
  TEXT: 5,
  TIMESTAMP: 8,
  DATE: 9,
  BLOB: 10,
  STRING: 11,
} as const;

export type DataType = keyof typeof dataTypes;

/** One value: a BOOLEAN is 0 or 1 in a column and `boolean` elsewhere; a DATE is the number `yyyymmdd`. */
export type CellValue = number | bigint | boolean | Buffer;

const names = new Map<number, DataType>(Object.entries(dataTypes).map(([name, code]) => [code, name as DataType]));

/** @returns undefined for a number that is no type */
export function dataTypeOf(code: number): DataType | undefined {
  return names.get(code);
}

export function isDataType(name: string): name is DataType {
  return Object.hasOwn(dataTypes, name);
}
