import { batchDecoder } from './batch-target.ts';
import { clientTarget } from './client-target.ts';
import { requestDecoder, responseDecoder } from './decoder-targets.ts';
import type { Target } from './target.ts';

/** What is fuzzed in a process that may crash or hang. */
export const isolatedTargets: ReadonlyMap<string, () => Promise<Target>> = new Map([
  ['request', async () => requestDecoder],
  ['response', async () => responseDecoder],
  ['batch', async () => batchDecoder],
  ['client', async () => clientTarget],
]);
