import { MillraceError } from '@millrace/core';
import { createCast, parseDataType, removeNullable, toText, type Value } from '@millrace/data';
import { type BoundCall, constantAt, defineFunction, perQuery } from '../define-function.ts';

const targetOf = (call: BoundCall) => removeNullable(parseDataType(toText(constantAt(call, 1) as string)));

export const accurateCast = defineFunction({
  name: 'accurate_cast',
  signature: '(value any, type const string, [name const string]) -> the type',
  help: 'The value converted to the type as cast does, but an integer that does not fit is an error, and so is a fraction; the error says the name.',
  examples: [
    ["accurate_cast(200, 'uint8')", 200],
    ["accurate_cast(3.0, 'int8')", 3],
    ["accurate_cast('42', 'int32')", 42],
    ["accurate_cast(NULL, 'int8')", null],
  ],
  returns: targetOf,
  argumentTypes: (call) => [removeNullable(call.args[0]!.type), ...call.types.slice(1)],
  kernel: (call) =>
    perQuery(({ timezone }) => {
      const cast = createCast(removeNullable(call.args[0]!.type), targetOf(call), { timezone, exactIntegers: true });
      const name = constantAt(call, 2);
      return (value: Value) => {
        try {
          return cast(value);
        } catch (error) {
          if (!(error instanceof MillraceError) || name === undefined) throw error;
          throw new MillraceError(error.code, `${toText(name as string)}: ${error.message}`, { cause: error, details: error.details });
        }
      };
    }),
  see: 'ClickHouse: accurateCast',
});
