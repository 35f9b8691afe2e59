import { type ByteString, fromText, toText } from '@millrace/data';
import type { RE2JS } from 're2js';

/** Texts and numbers of groups of a replacement: `\0` … `\9` are groups, `\\` is a backslash. */
export function parseReplacement(replacement: ByteString): readonly (string | number)[] {
  const pieces: (string | number)[] = [];
  for (const [piece, group, escaped] of toText(replacement).matchAll(/\\(\d)|\\(\\)|[^\\]+|\\/g)) {
    pieces.push(group === undefined ? (escaped ?? piece) : Number(group));
  }
  return pieces;
}

/** Replaces every match; a group that did not take part is empty. */
export function replaceMatches(regex: RE2JS, bytes: ByteString, replacement: ByteString): ByteString {
  const text = toText(bytes);
  const matcher = regex.matcher(text);
  if (!matcher.find()) return bytes;
  const pieces = parseReplacement(replacement);
  let result = '';
  let end = 0;
  do {
    result += text.slice(end, matcher.start());
    for (const piece of pieces)
      result += typeof piece === 'string' ? piece : piece <= matcher.groupCount() ? (matcher.group(piece) ?? '') : '';
    end = matcher.end();
  } while (matcher.find());
  return fromText(result + text.slice(end));
}
