import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const module = JSON.stringify(new URL('../../src/host/foreign-rejections.ts', import.meta.url).href);

/** What becomes of a thread in which this runs: its log, or what ended it. */
async function becomesOf(code: string): Promise<unknown> {
  const source = `
    import { createContext, runInContext } from 'node:vm';
    import { parentPort } from 'node:worker_threads';
    const { outliveForeignRejections } = await import(${module});
    outliveForeignRejections({ error: ({ error }) => parentPort.postMessage(error) });
    ${code}
    setImmediate(() => setImmediate(() => {}));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { execArgv: ['--conditions=source'] });
  try {
    const [told] = await Promise.race([once(worker, 'message'), once(worker, 'exit')]);
    return told;
  } catch (failure) {
    return failure;
  }
}

describe('a rejected promise that is left to nobody', () => {
  it('is logged where it comes from another realm', async () => {
    expect(await becomesOf("runInContext('void Promise.reject(new Error(`of a file`))', createContext({}));")).toContain('of a file');
  });

  it('ends the thread where it comes from this one', async () => {
    expect(await becomesOf("void Promise.reject(new Error('of ours'));")).toMatchObject({ message: 'of ours' });
  });
});
