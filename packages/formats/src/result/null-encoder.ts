import type { ResultEncoder } from '../ports.ts';
import { exceptionBlock } from './row-result-encoder.ts';

const nothing = Buffer.alloc(0);

/** Writes nothing: for queries that are run for their effect or their speed. */
export const nullEncoder: ResultEncoder = {
  contentType: 'text/plain; charset=UTF-8',
  start: () => nothing,
  encode: () => nothing,
  end: () => nothing,
  exception: (text) => Buffer.from(exceptionBlock(text)),
};
