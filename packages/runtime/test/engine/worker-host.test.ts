import { silentLogger } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { WorkerHost } from '../../src/engine/worker-host.ts';
import { planOf, scan } from '../harness.ts';

// A thread that runs from source takes a while to load on a busy machine.
describe('a worker thread', { timeout: 60_000 }, () => {
  it('that dies fails its queries with a clear error, and says so', async () => {
    let hasDied = false;
    const host = new WorkerHost(silentLogger, () => {
      hasDied = true;
    });
    const ended = Promise.withResolvers<unknown>();
    host.start(
      {
        queryId: 'q',
        plan: planOf(scan()),
        brokers: ['127.0.0.1:1'],
        sink: { kind: 'result', format: 'JSONEachRow', options: { timezone: 'UTC', quote64BitIntegers: true, quoteDenormals: false } },
        memoryBytes: 1_000_000,
      },
      { onReady() {}, onData() {}, onEnd: (error) => ended.resolve(error) },
    );
    expect(host.load).toBe(1);
    await host.terminate();
    expect(await ended.promise).toMatchObject({ code: 'QUERY_WORKER_LOST' });
    expect(host.load).toBe(0);
    expect(hasDied).toBe(true);
  });
});
