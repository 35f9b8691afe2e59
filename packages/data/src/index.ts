export type { Chunk } from './chunk.ts';
export {
  type BigIntColumn,
  type ByteString,
  type Column,
  columnKind,
  type Nulls,
  type NumberColumn,
  type StringColumn,
  type Value,
  type ValueColumn,
} from './column.ts';
export type { CalendarUnit, DataType, Field, Schema, SimpleTypeKind } from './data-type.ts';
