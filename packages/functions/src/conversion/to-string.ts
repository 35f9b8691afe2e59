import { formatDataType, fromText, parseDataType, removeNullable, toText } from '@millrace/data';
import type { BoundCall } from '../define-function.ts';
import { constantAt, defineFunction, inline } from '../define-function.ts';
import { identity } from './type-conversions.ts';

export const toStringFunction = defineFunction({
  name: 'to_string',
  signature: '(value any) -> string',
  help: 'The value as text, as CSV and SQL show it.',
  examples: [
    ['to_string(1.5)', '1.5'],
    ['to_string([1, 2])', '[1,2]'],
    ["to_string(to_date('2026-01-02'))", '2026-01-02'],
    ['to_string(NULL)', null],
  ],
  argumentTypes: () => [{ kind: 'string' }],
  kernel: identity,
  see: 'ClickHouse: toStringFunction',
});

const castTarget = (call: BoundCall) => removeNullable(parseDataType(toText(constantAt(call, 1) as string)));

export const cast = defineFunction({
  name: 'cast',
  signature: '(value any, type const string) -> the type',
  help: 'The value converted to the type (also written CAST(value AS type) and value::type): numbers wrap, a text that is no such value is an error.',
  examples: [
    ["cast('42', 'int32')", 42],
    ['CAST(300 AS uint8)', 44],
    ["'2026-01-02'::date", '2026-01-02'],
    ["cast(NULL, 'nullable(int32)')", null],
  ],
  returns: castTarget,
  argumentTypes: (call) => [castTarget(call), call.types[1]!],
  kernel: identity,
  see: 'ClickHouse: CAST',
});

export const toTypeName = defineFunction({
  name: 'to_type_name',
  signature: '(value any) -> string',
  help: 'The name of the type of the argument.',
  examples: [
    ['to_type_name(1.5)', 'float64'],
    ["to_type_name(['a'])", 'array(string)'],
    ['to_type_name(NULL)', 'nullable(nothing)'],
  ],
  nulls: 'manual',
  kernel: ({ args }) => inline(() => JSON.stringify(fromText(formatDataType(args[0]!.type)))),
  see: 'ClickHouse: toTypeName',
});
