import { type ByteString, toText, type Value } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import { constantAt, defineFunction, perQuery, perRow } from '../define-function.ts';
import type { Kernel, KernelContext, ScalarFunction } from '../definition.ts';
import { remembered } from '../remembered.ts';
import { follow, type JsonStep, parsePath, walkPath } from './json-path.ts';
import { JsonScanner, type JsonSpan } from './json-scanner.ts';

interface Document {
  readonly scanner: JsonScanner;
  readonly root: JsonSpan | null;
}

const lastDocuments = new WeakMap<KernelContext, Document>();

/** The scanned text; the last one of a query is remembered, for several functions mostly look into the same. */
function documentOf(context: KernelContext, text: ByteString): Document {
  const last = lastDocuments.get(context);
  if (last !== undefined && last.scanner.text === text) return last;
  const scanner = new JsonScanner(text);
  const document = { scanner, root: scanner.document() };
  lastDocuments.set(context, document);
  return document;
}

/** Keys as they are; positions count from 1, negative from the end, as in ClickHouse. */
function toStep(step: ByteString | number | bigint): JsonStep {
  if (typeof step === 'string') return step;
  const position = Number(step);
  // 0 is no position: an index beyond every array.
  return position > 0 ? position - 1 : position === 0 ? Number.MAX_SAFE_INTEGER : position;
}

function extractKernel(extract: (scanner: JsonScanner, span: JsonSpan | null) => Value): Kernel {
  return perQuery((context) => (text: ByteString, ...steps: (ByteString | number | bigint)[]) => {
    const { scanner, root } = documentOf(context, text);
    return extract(scanner, root && follow(scanner, root, steps.map(toStep)));
  });
}

/** The text of a value: strings decoded, null empty, everything else as it stands. */
function textOf(scanner: JsonScanner, span: JsonSpan | null): ByteString {
  if (span === null) return '';
  const kind = scanner.kindOf(span);
  return kind === 'string' ? scanner.decodeString(span) : kind === 'null' ? '' : scanner.raw(span);
}

function integerOf(scanner: JsonScanner, span: JsonSpan | null): bigint {
  if (span !== null && scanner.kindOf(span) === 'true') return 1n;
  const text = numberText(scanner, span);
  const integer = /^-?\d+$/.test(text) ? BigInt(text) : Number.isFinite(Number(text)) ? BigInt(Math.trunc(Number(text))) : 0n;
  return BigInt.asIntN(64, integer) === integer ? integer : 0n;
}

function floatOf(scanner: JsonScanner, span: JsonSpan | null): number {
  if (span !== null && scanner.kindOf(span) === 'true') return 1;
  return Number(numberText(scanner, span)) || 0;
}

/** The digits of a number or of a number in a string; empty for everything else. */
function numberText(scanner: JsonScanner, span: JsonSpan | null): string {
  const kind = span && scanner.kindOf(span);
  return kind === 'number' || kind === 'string' ? textOf(scanner, span).trim() : '';
}

function booleanOf(scanner: JsonScanner, span: JsonSpan | null): boolean {
  const kind = span && scanner.kindOf(span);
  return kind === 'true' || (kind === 'number' && Number(scanner.raw(span!)) !== 0);
}

function defineExtract(
  name: string,
  returns: string,
  help: string,
  extract: (scanner: JsonScanner, span: JsonSpan | null) => Value,
  examples: ScalarFunction['examples'],
) {
  return defineFunction({
    name,
    signature: `(json string, [path string|integer...]) -> ${returns}`,
    help: `${help} The path is keys and positions (from 1, negative from the end).`,
    examples,
    kernel: extractKernel(extract),
    see: 'ClickHouse: JSON functions',
  });
}

/** json_extract_… and json_has. */
export const jsonExtractions: readonly ScalarFunction[] = [
  defineExtract('json_extract_string', 'string', 'The value as text: objects and arrays as their JSON; empty if there is none.', textOf, [
    [`json_extract_string('{"a":"x\\\\u00e4","b":{"c":1}}', 'a')`, 'xä'],
    [`json_extract_string('{"a":true,"b":{"c":1}}', 'b')`, '{"c":1}'],
    [`json_extract_string('{"a":["x","y"]}', 'a', -1)`, 'y'],
    [`json_extract_string(NULL, 'a')`, null],
  ]),
  defineExtract('json_extract_int', 'int64', 'The value as int64, also from a number in a string; 0 if it is none.', integerOf, [
    [`json_extract_int('{"a":10,"b":3.13}', 'a')`, 10],
    [`json_extract_int('{"a":9007199254740993}', 'a')`, '9007199254740993'],
    [`json_extract_int('{"a":"x"}', 'a')`, 0],
    [`json_extract_int(NULL, 'a')`, null],
  ]),
  defineExtract('json_extract_float', 'float64', 'The value as float64, also from a number in a string; 0 if it is none.', floatOf, [
    [`json_extract_float('{"a":10,"b":3.13}', 'b')`, 3.13],
    [`json_extract_float('[1, 2.5]', 2)`, 2.5],
    [`json_extract_float('{"a":null}', 'a')`, 0],
    [`json_extract_float(NULL, 'a')`, null],
  ]),
  defineExtract('json_extract_bool', 'bool', 'The value as bool; false if it is none.', booleanOf, [
    [`json_extract_bool('{"a":true}', 'a')`, true],
    [`json_extract_bool('{"a":{"b":false}}', 'a', 'b')`, false],
    [`json_extract_bool('not json', 'a')`, false],
    [`json_extract_bool(NULL, 'a')`, null],
  ]),
  defineExtract(
    'json_extract_array',
    'array(string)',
    'The elements of an array, each as its JSON; empty if there is none.',
    (scanner, span) =>
      span !== null && scanner.kindOf(span) === 'array' ? scanner.elements(span).map((element) => scanner.raw(element)) : [],
    [
      [`json_extract_array('{"a": "hello", "b": [-100, 200.0, "hello"]}', 'b')`, ['-100', '200.0', '"hello"']],
      [`json_extract_array('[1, [2, 3]]')`, ['1', '[2, 3]']],
      [`json_extract_array('{}', 'b')`, []],
      [`json_extract_array(NULL)`, null],
    ],
  ),
  defineExtract(
    'json_extract_keys',
    'array(string)',
    'The keys of an object; empty if there is none.',
    (scanner, span) => (span !== null && scanner.kindOf(span) === 'object' ? scanner.members(span).map(({ key }) => key) : []),
    [
      [`json_extract_keys('{"system_diskio_name":"nvme0n1"}')`, ['system_diskio_name']],
      [`json_extract_keys('{"a":{"b":1,"c":2}}', 'a')`, ['b', 'c']],
      [`json_extract_keys(NULL)`, null],
    ],
  ),
  defineExtract('json_has', 'bool', 'True if there is a value, null included.', (_, span) => span !== null, [
    [`json_has('{"a":10,"b":20}', 'c')`, false],
    [`json_has('{"a":{"b":null}}', 'a', 'b')`, true],
    [`json_has(NULL, 'a')`, null],
  ]),
];

export const jsonPath = defineFunction({
  name: 'json_path',
  signature: '(json string, path string...) -> string',
  help: 'The value at the path as text (written json:a.b); empty if it is missing. A step of digits is an index from 0 in an array.',
  examples: [
    [`json_path('{"a":{"b":"c"}}', 'a', 'b')`, 'c'],
    [`json_path('{"a":[10,20]}', 'a', '1')`, '20'],
    [`json_path('{"a":1}', 'x')`, ''],
    [`json_path(NULL, 'a')`, null],
  ],
  kernel: extractKernel(textOf),
  see: 'Proton: json shortcut',
});

export const jsonValue = defineFunction({
  name: 'json_value',
  signature: '(json string, path string) -> string',
  help: 'The first scalar that a path such as $.a.b[0] leads to, as text; empty if there is none. Indices count from 0, [*] is every element.',
  examples: [
    [`json_value('{"a":true,"b":{"c":1}}', '$.b.c')`, '1'],
    [`json_value('{"a":[{"b":"x"},{"b":"y"}]}', '$.a[*].b')`, 'x'],
    [`json_value('{"a":{}}', '$.a')`, ''],
    [`json_value(NULL, '$.a')`, null],
  ],
  kernel: (call) => {
    const constant = constantAt(call, 1);
    if (typeof constant === 'string' && parsePath(constant) === null) {
      throw wrongValue('json_value', `'${toText(constant)}' is no path`, "a path is $ with steps .key, ['key'], [0] or [*]");
    }
    const parse = remembered((path) => ({ steps: parsePath(path) }));
    return perQuery((context) => (text: ByteString, path: ByteString) => {
      const { scanner, root } = documentOf(context, text);
      const { steps } = parse(path);
      if (root === null || steps === null) return '';
      for (const span of walkPath(scanner, root, steps)) {
        if (!/object|array/.test(scanner.kindOf(span))) return textOf(scanner, span);
      }
      return '';
    });
  },
  see: 'ClickHouse: JSON_VALUE',
});

export const isValidJson = defineFunction({
  name: 'is_valid_json',
  signature: '(text string) -> bool',
  help: 'True if the text is exactly one JSON value.',
  examples: [
    [`is_valid_json('{"a": [1, 2]}')`, true],
    [`is_valid_json('{a: 1}')`, false],
    [`is_valid_json('1 2')`, false],
    ['is_valid_json(NULL)', null],
  ],
  kernel: perRow((text: ByteString) => new JsonScanner(text).document() !== null),
  see: 'ClickHouse: isValidJSON',
});
