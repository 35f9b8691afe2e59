import type { ByteString } from './column.ts';

const beyondAscii = /[\u0080-\uffff]/;

/** The UTF-8 bytes of a text as a {@link ByteString}. ASCII is given back as it is. */
export function fromText(text: string): ByteString {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** The text whose UTF-8 bytes these are; bytes that are not UTF-8 become U+FFFD. ASCII is given back as it is. */
export function toText(bytes: ByteString): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}
