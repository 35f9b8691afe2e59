import { readFileSync } from 'node:fs';

/** One frame of a recorded conversation. */
export interface GoldenMessage {
  readonly direction: 'call' | 'answer';
  readonly method: string;
  readonly frame: Buffer;
}

export const goldenMessages: readonly GoldenMessage[] = readFileSync(new URL('golden-messages.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^[<>]/.test(line))
  .map((line) => {
    const [sign, method, hex] = line.split(' ');
    return { direction: sign === '>' ? 'call' : 'answer', method: method!, frame: Buffer.from(hex!, 'hex') };
  });

/** The n-th frame of a method in one direction. */
export function goldenFrame(direction: GoldenMessage['direction'], method: string, n = 0): Buffer {
  return goldenMessages.filter((message) => message.direction === direction && message.method === method)[n]!.frame;
}
