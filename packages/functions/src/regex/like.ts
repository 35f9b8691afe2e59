import type { ByteString } from '@millrace/data';
import { type BoundCall, constantAt, defineFunction, perQuery } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { remembered } from '../remembered.ts';
import { toLower } from '../string/case.ts';
import { compileLike } from './like-pattern.ts';

function defineLike(
  name: string,
  caseSensitive: boolean,
  expected: boolean,
  help: string,
  examples: ScalarFunction['examples'],
): ScalarFunction {
  return defineFunction({
    name,
    signature: '(text string, pattern string) -> bool',
    help,
    examples,
    kernel: (call) => likeKernel(call, caseSensitive, expected),
    see: `ClickHouse: ${name}`,
  });
}

function likeKernel(call: BoundCall, caseSensitive: boolean, expected: boolean): Kernel {
  const fold = caseSensitive ? (text: ByteString) => text : toLower;
  const constant = constantAt(call, 1);
  return perQuery(() => {
    if (typeof constant === 'string') {
      const matches = compileLike(fold(constant));
      return (text: ByteString) => matches(fold(text)) === expected;
    }
    const compile = remembered(compileLike);
    return (text: ByteString, pattern: ByteString) => compile(fold(pattern))(fold(text)) === expected;
  });
}

/** like, not_like, ilike, not_ilike. */
export const likes: readonly ScalarFunction[] = [
  defineLike('like', true, true, 'True if the text is as the pattern says: % stands for any run of characters, _ for one; \\ escapes.', [
    ["'millrace' LIKE 'mill%'", true],
    ["'millrace' LIKE '%RACE'", false],
    ["'ä!' LIKE '_!'", true],
    ["like('50%', '50\\\\%')", true],
    ["NULL LIKE 'a'", null],
  ]),
  defineLike('not_like', true, false, 'True if the text is not as the pattern says; see like.', [
    ["'millrace' NOT LIKE '%x%'", true],
    ["'millrace' NOT LIKE 'm_llrace'", false],
    ["NULL NOT LIKE 'a'", null],
  ]),
  defineLike('ilike', false, true, 'As like, without regard to upper and lower case.', [
    ["'MillRace' ILIKE '%race'", true],
    ["'ÄB' ILIKE 'äb'", true],
    ["'a' ILIKE 'b%'", false],
    ["'a' ILIKE NULL", null],
  ]),
  defineLike('not_ilike', false, false, 'As not_like, without regard to upper and lower case.', [
    ["'MillRace' NOT ILIKE 'MILL%'", false],
    ["'MillRace' NOT ILIKE 'x%'", true],
    ["NULL NOT ILIKE 'x'", null],
  ]),
];
