import { fromText, toText } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { follow, type JsonStep } from '../src/json/json-path.ts';
import { JsonScanner, type JsonSpan } from '../src/json/json-scanner.ts';
import { evaluate, type Typed, toPlain } from './evaluate.ts';

/** Builds the value a span stands for, only by the scanner's own means. */
function read(scanner: JsonScanner, span: JsonSpan): unknown {
  switch (scanner.kindOf(span)) {
    case 'object':
      return Object.fromEntries(scanner.members(span).map(({ key, value }) => [toText(key), read(scanner, value)]));
    case 'array':
      return scanner.elements(span).map((element) => read(scanner, element));
    case 'string':
      return toText(scanner.decodeString(span));
    default:
      return JSON.parse(scanner.raw(span));
  }
}

const noProto = (text: string) => !text.includes('__proto__');

describe('the JSON scanner', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json().filter(noProto), fc.constantFrom(undefined, 1, '\t'), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const scanner = new JsonScanner(fromText(text));
        expect(read(scanner, scanner.document()!)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('takes exactly the texts that JSON.parse takes', () => {
    const isJson = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      'null',
      ' ',
      '\n',
      '\u0001',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 7 }), (parts) => {
        const text = parts.join('');
        expect(new JsonScanner(text).document() !== null, text).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('reads long strings and refuses bottomless nesting', () => {
    expect(new JsonScanner(`"${'x'.repeat(20_000_000)}"`).document()).toEqual({ start: 0, end: 20_000_002 });
    expect(new JsonScanner('['.repeat(100_000)).document()).toBeNull();
  });

  it('takes the last of a key given twice', () => {
    const scanner = new JsonScanner('{"a":1,"a":2}');
    const steps: JsonStep[] = ['a'];
    expect(scanner.raw(follow(scanner, scanner.document()!, steps)!)).toBe('2');
  });
});

describe('JSON functions', () => {
  const json: Typed = {
    type: { kind: 'string' },
    value: fromText('{"a":{"b":[1,"zwei",null,2.50,{"c":true}]},"n":18446744073709551616,"s":"12","ü":"ö"}'),
  };
  const scope = new Map([['raw', json]]);

  it.each([
    ["json_extract_string(raw, 'a', 'b', 2)", 'zwei'],
    ["json_extract_string(raw, 'a', 'b', -1)", '{"c":true}'],
    ["json_extract_string(raw, 'a', 'b', 3)", ''],
    ["json_extract_string(raw, 'a', 'b', 0)", ''],
    ["json_extract_string(raw, 'ü')", 'ö'],
    ["json_extract_int(raw, 's')", 12],
    ["json_extract_int(raw, 'n')", 0],
    ["json_extract_float(raw, 'a', 'b', 4)", 2.5],
    ["json_extract_bool(raw, 'a', 'b', 5, 'c')", true],
    ['raw:a.b[4].c', 'true'],
    ['raw:nothing.here', ''],
    ["json_value(raw, '$.a.b[3]')", '2.50'],
    ['json_value(raw, \'$["s"]\')', '12'],
    ["json_value(raw, '$.*.b[1]')", 'zwei'],
    ["json_extract_array(raw, 'a', 'b')", ['1', '"zwei"', 'null', '2.50', '{"c":true}']],
  ])('%s', (sql, expected) => {
    expect(toPlain(evaluate(sql, scope))).toEqual(expected);
  });

  it('refuse a constant that is no path', () => {
    expect(() => evaluate("json_value('{}', 'a.b')")).toThrow(/json_value: 'a.b' is no path/);
  });
});
