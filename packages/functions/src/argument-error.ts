import { MillraceError } from '@millrace/core';
import { type DataType, formatDataType } from '@millrace/data';

/** For {@link ScalarFunction.resolve}: the number of arguments does not fit. */
export function wrongCount(name: string, signature: string, given: number): MillraceError {
  return new MillraceError(
    'PLAN_ARGUMENT_COUNT',
    `${name} does not take ${given} argument${given === 1 ? '' : 's'}; it is ${name}${signature}`,
    {
      details: { function: name, given },
    },
  );
}

/** For {@link ScalarFunction.resolve}: argument `index` (from 0) is of a type that is not legal. */
export function wrongType(name: string, index: number, given: DataType, legal: string, hint?: string): MillraceError {
  return new MillraceError(
    'PLAN_ARGUMENT_TYPE',
    `${name} does not take ${formatDataType(given)} as argument ${index + 1}; it takes ${legal}`,
    {
      hint,
      details: { function: name, argument: index + 1, type: formatDataType(given) },
    },
  );
}

/** For {@link ScalarFunction.resolve}: the types are legal each, but not together. */
export function wrongTypes(name: string, given: readonly DataType[], legal: string, hint?: string): MillraceError {
  const names = given.map(formatDataType).join(', ');
  return new MillraceError('PLAN_ARGUMENT_TYPE', `${name} does not take (${names}); it takes ${legal}`, {
    hint,
    details: { function: name, types: names },
  });
}

/** For {@link ScalarFunction.resolve}: a constant has a value that cannot be used. */
export function wrongValue(name: string, message: string, hint?: string): MillraceError {
  return new MillraceError('PLAN_ARGUMENT_INVALID', `${name}: ${message}`, { hint, details: { function: name } });
}
