import type { DataType, SimpleTypeKind } from '@millrace/data';

/** What arithmetic needs to know of a number type. */
export interface NumericType {
  readonly floating: boolean;
  readonly signed: boolean;
  readonly bits: 8 | 16 | 32 | 64;
}

const numericTypes: Partial<Record<DataType['kind'], NumericType>> = {
  int8: { floating: false, signed: true, bits: 8 },
  int16: { floating: false, signed: true, bits: 16 },
  int32: { floating: false, signed: true, bits: 32 },
  int64: { floating: false, signed: true, bits: 64 },
  uint8: { floating: false, signed: false, bits: 8 },
  uint16: { floating: false, signed: false, bits: 16 },
  uint32: { floating: false, signed: false, bits: 32 },
  uint64: { floating: false, signed: false, bits: 64 },
  float32: { floating: true, signed: true, bits: 32 },
  float64: { floating: true, signed: true, bits: 64 },
  bool: { floating: false, signed: false, bits: 8 },
};

/** Undefined for what is no number; bool counts as uint8. */
export function numericType(type: DataType): NumericType | undefined {
  return numericTypes[type.kind];
}

/** An integer type; more than 64 bits are 64. */
export function integerOf(signed: boolean, bits: number): DataType {
  return { kind: `${signed ? '' : 'u'}int${Math.min(64, bits)}` as SimpleTypeKind } as DataType;
}

/** True where the values are BigInts. */
export function isWide(type: DataType): boolean {
  return type.kind === 'int64' || type.kind === 'uint64' || (type.kind === 'datetime64' && type.precision > 6);
}

/** The bool type as the number it counts for, every other type itself. */
export function boolAsNumber(type: DataType): DataType {
  return type.kind === 'bool' ? { kind: 'uint8' } : type;
}
