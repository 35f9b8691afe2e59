import { type ByteString, fromText, toText } from '@millrace/data';
import { RE2JS } from 're2js';
import { wrongValue } from '../argument-error.ts';
import { constantAt, defineFunction, perRow } from '../define-function.ts';
import { regexOf } from './compile-regex.ts';
import { parseReplacement, replaceMatches } from './replacement.ts';

export const match = defineFunction({
  name: 'match',
  aliases: ['regexp_match'],
  signature: '(text string, pattern string) -> bool',
  help: 'True if the regular expression (RE2 syntax; . matches line ends too) matches somewhere in the text.',
  examples: [
    ["match('millrace', 'r.ce$')", true],
    ["match('millrace', '^race')", false],
    ["match('id=42', '\\\\d+')", true],
    ["match(NULL, 'a')", null],
  ],
  kernel: (call) => {
    const regex = regexOf(call, RE2JS.DOTALL);
    return perRow((text: ByteString, pattern: ByteString) => regex(pattern).test(toText(text)));
  },
  see: 'ClickHouse: match',
});

export const extract = defineFunction({
  name: 'extract',
  signature: '(text string, pattern string) -> string',
  help: 'What the first group of the regular expression captures in its first match (without groups: the match); empty if nothing matches.',
  examples: [
    ["extract('key1=value1, key2=value2', 'key1=(\\\\w+)')", 'value1'],
    ["extract('abc', '[bc]+')", 'bc'],
    ["extract('abc', 'x')", ''],
    ["extract(NULL, 'x')", null],
  ],
  kernel: (call) => {
    const regex = regexOf(call, RE2JS.DOTALL);
    return perRow((text: ByteString, pattern: ByteString) => {
      const matcher = regex(pattern).matcher(toText(text));
      return matcher.find() ? fromText(matcher.group(Math.min(1, matcher.groupCount())) ?? '') : '';
    });
  },
  see: 'ClickHouse: extract',
});

export const extractAll = defineFunction({
  name: 'extract_all',
  signature: '(text string, pattern string) -> array(string)',
  help: 'As extract, for every match.',
  examples: [
    ["extract_all('a1b22', '\\\\d+')", ['1', '22']],
    ["extract_all('a=1,b=2', '(\\\\w)=')", ['a', 'b']],
    ["extract_all('abc', 'x')", []],
    ["extract_all(NULL, 'x')", null],
  ],
  kernel: (call) => {
    const regex = regexOf(call, RE2JS.DOTALL);
    return perRow((text: ByteString, pattern: ByteString) => {
      const matcher = regex(pattern).matcher(toText(text));
      const group = Math.min(1, matcher.groupCount());
      const found: ByteString[] = [];
      while (matcher.find()) found.push(fromText(matcher.group(group) ?? ''));
      return found;
    });
  },
  see: 'ClickHouse: extractAll',
});

export const replaceRegex = defineFunction({
  name: 'replace_regex',
  aliases: ['replace_regexp_all', 'regexp_replace'],
  signature: '(text string, pattern string, replacement string) -> string',
  help: 'The text with every match of the regular expression replaced; \\1 … \\9 stand for what the groups capture, \\0 for the match.',
  examples: [
    ["replace_regex('604-123-4567', '(\\\\d{3})-(\\\\d{3})-(\\\\d{4})', '\\\\1-***-****')", '604-***-****'],
    ["replace_regex('abc', '[ac]', '<\\\\0>')", '<a>b<c>'],
    ["replace_regex('abc', 'x', 'y')", 'abc'],
    ["replace_regex(NULL, 'a', 'b')", null],
  ],
  kernel: (call) => {
    const regex = regexOf(call);
    const [pattern, replacement] = [constantAt(call, 1), constantAt(call, 2)];
    if (typeof pattern === 'string' && typeof replacement === 'string') {
      const groups = regex(pattern).groupCount();
      const missing = parseReplacement(replacement).find((piece) => typeof piece === 'number' && piece > groups);
      if (missing !== undefined)
        throw wrongValue('replace_regex', `the replacement asks for group \\${missing}, but the pattern has ${groups}`);
    }
    return perRow((text: ByteString, expression: ByteString, by: ByteString) => replaceMatches(regex(expression), text, by));
  },
  see: 'ClickHouse: replaceRegexpAll',
});
