import type { ByteString } from '@millrace/data';

/** Where the character that starts at `at` ends: bytes that continue nothing count as characters of their own. */
export function characterEnd(bytes: ByteString, at: number): number {
  const first = bytes.charCodeAt(at);
  const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let end = at + 1;
  while (end < at + length && end < bytes.length && (bytes.charCodeAt(end) & 0xc0) === 0x80) end++;
  return end;
}

/** The UTF-8 characters, each as its bytes. */
export function charactersOf(bytes: ByteString): ByteString[] {
  const characters: ByteString[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = characterEnd(bytes, at);
    characters.push(bytes.slice(at, end));
    at = end;
  }
  return characters;
}

/** How many characters the bytes are as UTF-8. */
export function countCharacters(bytes: ByteString): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at = characterEnd(bytes, at)) count++;
  return count;
}
