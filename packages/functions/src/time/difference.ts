import { commonType, type DataType, precisionOf } from '@millrace/data';
import { inline } from '../define-function.ts';
import type { ResolvedFunction } from '../definition.ts';
import { isWide } from '../numeric-type.ts';

/** `a - b` of two times: whole seconds as int64 (rounded towards zero), of two dates days as int32. */
export function resolveDifference(left: DataType, right: DataType): ResolvedFunction {
  const common = commonType([left, right])!;
  const argumentTypes = [common, common];
  if (common.kind === 'date')
    return { returns: { kind: 'int32' }, argumentTypes, nulls: 'propagate', kernel: inline((a, b) => `(${a} - ${b})`) };
  const perSecond = 10 ** precisionOf(common);
  const emit = isWide(common)
    ? (a: string, b: string) => `((${a} - ${b}) / ${perSecond}n)`
    : (a: string, b: string) => `BigInt(Math.trunc((${a} - ${b}) / ${perSecond}))`;
  return { returns: { kind: 'int64' }, argumentTypes, nulls: 'propagate', kernel: inline((a, b) => emit(a!, b!)) };
}
