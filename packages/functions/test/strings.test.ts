import { fromText, toText } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileLike } from '../src/regex/like-pattern.ts';
import { toLower, toUpper } from '../src/string/case.ts';
import { charactersOf, countCharacters } from '../src/string/characters.ts';
import { substringOf } from '../src/string/substring.ts';
import { evaluate, toPlain } from './evaluate.ts';

/** LIKE by way of a regular expression over characters: slow and plain. */
function likeByRegex(pattern: string): RegExp {
  const source = pattern.replace(/\\([%_\\])|([%_])|[\s\S]/gu, (piece, escaped?: string, wild?: string) => {
    if (wild !== undefined) return wild === '%' ? '[\\s\\S]*' : '[\\s\\S]';
    return (escaped ?? piece).replace(/[.*+?^${}()|[\]\\/-]/gu, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '€', '😀'), maxLength: 8 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '%', '_', '\\%', '\\\\', '😀'), maxLength: 8 });

describe('like', () => {
  it('agrees with a regular expression over characters', () => {
    fc.assert(
      fc.property(letters, pattern, (text, like) => {
        expect(compileLike(fromText(like))(fromText(text))).toBe(likeByRegex(like).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('stays quick on patterns that make backtracking explode', () => {
    const matches = compileLike(`${'%a'.repeat(30)}%b`);
    expect(matches('a'.repeat(5000))).toBe(false);
  });

  it('takes a pattern from a column', () => {
    const scope = new Map([['p', { type: { kind: 'string' }, value: 'x%' } as const]]);
    expect(evaluate("'xyz' LIKE p", scope).value).toBe(true);
  });
});

describe('substring', () => {
  /** Byte by byte: a byte belongs to the result if its place lies in the asked range. */
  function naive(text: string, start: number, length?: number): string {
    if (start === 0) return '';
    const from = start > 0 ? start : text.length + start + 1;
    const to = length === undefined ? Infinity : length < 0 ? text.length + length : from + length - 1;
    return [...text].filter((_, i) => i + 1 >= from && i + 1 <= to).join('');
  }

  it('agrees with a byte by byte definition', () => {
    const offset = fc.integer({ min: -12, max: 12 });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\xff'), maxLength: 10 }),
        offset,
        fc.option(offset, { nil: undefined }),
        (text, start, length) => {
          expect(substringOf(text, start, length)).toBe(naive(text, start, length));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('counts bytes, not characters', () => {
    expect(evaluate("hex(substring('äb', 2, 1))").value).toBe('A4');
  });
});

describe('characters', () => {
  it('are those of UTF-8, and lose no byte of what is not UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(charactersOf(fromText(text)).map(toText)).toEqual([...text]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(charactersOf(text).join('')).toBe(text);
        expect(countCharacters(text)).toBe(charactersOf(text).length);
      }),
    );
  });

  it('change case as JavaScript does, and not at all where they are not UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(toText(toLower(fromText(text)))).toBe(text.toLowerCase());
        expect(toText(toUpper(fromText(text)))).toBe(text.toUpperCase());
      }),
    );
    expect(toLower('A\xff\xc4Z')).toBe('a\xff\xc4z');
  });
});

describe('regular expressions', () => {
  it('say what is wrong with a constant pattern when the call is resolved', () => {
    expect(() => evaluate("match('a', '(')")).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID' }));
    expect(() => evaluate("replace_regex('a', '(a)', '\\\\2')")).toThrow(/asks for group \\2, but the pattern has 1/);
  });

  it('run in linear time', () => {
    const scope = new Map([['s', { type: { kind: 'string' }, value: 'a'.repeat(3000) } as const]]);
    expect(evaluate("match(s, '(a+)+$b')", scope).value).toBe(false);
  });

  it('see characters', () => {
    expect(toPlain(evaluate("replace_regex('äöü', '.', '<\\\\0>')"))).toBe('<ä><ö><ü>');
    expect(toPlain(evaluate("extract('größe=42', '(\\\\pL+)=')"))).toBe('größe');
  });

  it('replace empty matches between characters', () => {
    expect(toPlain(evaluate("replace_regex('abc', '', '-')"))).toBe('-a-b-c-');
  });
});

describe('format', () => {
  it.each([
    ["format('{}', 1, 2)", '1'],
    ["format('{0}{0}', 'a')", 'aa'],
  ])('%s is %s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toBe(expected);
  });

  it('refuses what it cannot fill', () => {
    expect(() => evaluate("format('{} {}', 1)")).toThrow("format: the pattern '{} {}' asks for value {1}, but there are 1");
    expect(() => evaluate("format('{', 1)")).toThrow(expect.objectContaining({ hint: 'write {{ for a brace' }));
  });
});
