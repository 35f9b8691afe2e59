import { type DataType, fromText } from '@millrace/data';
import { constant, stringType } from '../expression/build.ts';
import type { PlanExpression } from '../plan.ts';

/** The type of a bare NULL. */
const nullType: DataType = { kind: 'nullable', inner: { kind: 'nothing' } };

export const nullConstant: PlanExpression = constant(nullType, null);

/** A string of SQL from a text. */
export function stringConstant(text: string): PlanExpression {
  return constant(stringType, fromText(text));
}

/** A number as written: the narrowest integer type that holds it (unsigned unless it is negative), else float64. */
export function numberConstant(text: string): PlanExpression {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(text)) return constant({ kind: 'float64' }, Number(text));
  const negative = text.startsWith('-');
  const magnitude = BigInt(negative ? text.slice(1) : text);
  const value = negative ? -magnitude : magnitude;
  for (const bits of [8, 16, 32, 64]) {
    const fits = negative ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
    if (fits) return constant({ kind: `${negative ? '' : 'u'}int${bits}` } as DataType, bits === 64 ? value : Number(value));
  }
  return constant({ kind: 'float64' }, Number(value));
}
