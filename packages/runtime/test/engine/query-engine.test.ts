import { FakeClock, MillraceError } from '@millrace/core';
import type { QueryPlan, ValuesNode } from '@millrace/planner';
import { afterAll, describe, expect, it } from 'vitest';
import { CreditChannel } from '../../src/engine/credit-channel.ts';
import { RunningQuery } from '../../src/engine/running-query.ts';
import { QueryEngine } from '../../src/index.ts';
import { noStatistics } from '../../src/task/statistics.ts';
import { fields, planOf, scan } from '../harness.ts';

const options = { timezone: 'UTC', quote64BitIntegers: true, quoteDenormals: false };
const rows = (count: number): QueryPlan => {
  const root: ValuesNode = { node: 'values', schema: fields, rows: Array.from({ length: count }, (_, i) => [`k${i}`, i, 0]) };
  return planOf(root, true);
};
const request = (queryId: string, plan: QueryPlan) => ({
  queryId,
  plan,
  brokers: ['127.0.0.1:1'],
  sink: { kind: 'result', format: 'JSONEachRow', options } as const,
  memoryBytes: 1_000_000,
});

async function textOf(output: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of output) parts.push(part);
  return Buffer.concat(parts).toString();
}

// A thread that runs from source takes a while to load on a busy machine.
describe('a query engine with workers', { timeout: 60_000 }, () => {
  const engine = new QueryEngine({ workers: 1 });
  afterAll(() => engine.close(), 60_000);

  it('runs a query in a thread and hands its encoded rows over', async () => {
    const query = engine.start(request('one', rows(2)));
    await query.ready;
    expect(await textOf(query.output)).toBe(
      '{"k":"k0","v":0,"t":"1970-01-01 00:00:00.000"}\n{"k":"k1","v":1,"t":"1970-01-01 00:00:00.000"}\n',
    );
    expect(await query.done).toMatchObject({ state: 'finished', rowsOut: 2 });
    expect(engine.queries.size).toBe(0);
  });

  it('tells what ends a query to all who wait for it', async () => {
    const query = engine.start(request('two', planOf(scan())));
    const error = new MillraceError('QUERY_CANCELLED', 'somebody killed it');
    query.cancel(error);
    await expect(query.ready).rejects.toMatchObject({ code: 'QUERY_CANCELLED', message: 'somebody killed it' });
    await expect(query.done).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
    await expect(textOf(query.output)).rejects.toMatchObject({ code: 'QUERY_CANCELLED' });
  });

  it('refuses a plan that the runtime cannot run without hurting the thread', async () => {
    const query = engine.start({ ...request('three', rows(1)), sink: { kind: 'result', format: 'Nonsense', options } });
    await expect(query.done).rejects.toMatchObject({ code: 'PLAN_FORMAT_UNKNOWN' });
    expect(await textOf(engine.start(request('four', rows(0))).output)).toBe('');
  });
});

describe('a running query', () => {
  const setUp = () => {
    const clock = new FakeClock();
    const query = new RunningQuery('q', clock, 1000);
    const told: string[] = [];
    query.begin({
      grant: (bytes) => told.push(`grant ${bytes}`),
      cancel: (error) => {
        told.push(error.code);
        query.onEnd(error, noStatistics);
      },
      stop: () => {},
      statistics: async () => noStatistics,
    });
    return { clock, query, told };
  };

  it('renews the credit of what was taken, no sooner', async () => {
    const { query, told } = setUp();
    query.onData(Buffer.from('abc'));
    query.onData(Buffer.from('de'));
    const taker = query.output[Symbol.asyncIterator]();
    await taker.next();
    expect(told).toEqual([]);
    await taker.next();
    expect(told).toEqual(['grant 3']);
  });

  it('is ended when its results wait too long to be taken', async () => {
    const { clock, query } = setUp();
    query.onData(Buffer.from('abc'));
    clock.advance(999);
    query.onData(Buffer.from('def'));
    clock.advance(1);
    await expect(query.done).rejects.toMatchObject({ code: 'QUERY_CLIENT_STALLED' });
  });

  it('may be silent for as long as it likes', async () => {
    const { clock, query, told } = setUp();
    const taker = query.output[Symbol.asyncIterator]();
    const next = taker.next();
    clock.advance(1_000_000);
    query.onData(Buffer.from('abc'));
    expect((await next).value).toEqual(Buffer.from('abc'));
    expect(told).toEqual([]);
  });

  it('is cancelled when its taker goes away', async () => {
    const { query, told } = setUp();
    query.onData(Buffer.from('abc'));
    for await (const _ of query.output) break;
    expect(told).toEqual(['QUERY_CANCELLED']);
  });
});

describe('a credit channel', () => {
  it('has room while bytes on their way are within the window', async () => {
    const sent: number[] = [];
    const channel = new CreditChannel(10, (bytes) => sent.push(bytes.length));
    channel.write(Buffer.alloc(6));
    expect(channel.ready()).toBeUndefined();
    channel.write(Buffer.alloc(6));
    let isReady = false;
    const ready = channel.ready()!.then(() => {
      isReady = true;
    });
    channel.grant(2);
    await Promise.resolve();
    expect(isReady).toBe(false);
    channel.grant(4);
    await ready;
    expect(sent).toEqual([6, 6]);
  });
});
