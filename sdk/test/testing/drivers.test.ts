import {
  a,
  BadRecord,
  Clock,
  defineConnector,
  defineExtractor,
  defineProcessor,
  Logger,
  Metrics,
  NotConnected,
  type RowsEvent,
  Settings,
  Sql,
  Streams,
  Topics,
} from '@millrace/sdk';
import {
  connectorDriver,
  deleteEvent,
  extractorDriver,
  FakeClock,
  Faults,
  processorDriver,
  provide,
  rowsEvent,
} from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';

const none = a.object({});
const base = { name: 'under-test', summary: '', attributes: none };

describe('rows in memory', () => {
  it('have the types of their values', () => {
    const event = rowsEvent('s', [
      { a: 1, b: 2n, c: true, d: 'x', e: [1, null], f: new Map([['k', 1n]]), g: null },
      { a: null, b: 3n, c: false, d: 'y', e: [], f: new Map(), g: null },
    ]);
    expect(Object.fromEntries(event.columns.map(({ name, type }) => [name, type]))).toEqual({
      a: 'nullable(float64)',
      b: 'int64',
      c: 'bool',
      d: 'string',
      e: 'array(nullable(float64))',
      f: 'map(string, int64)',
      g: 'nullable(string)',
    });
    expect(event.column('a').lane).toEqual(Float64Array.of(1, 0));
    expect(event.column('b').lane).toEqual(BigInt64Array.of(2n, 3n));
    expect(event.column('c').lane).toEqual(Float64Array.of(1, 0));
    expect(event.column('d').lane).toBeUndefined();
    expect(event.column('d').bytes(1)).toEqual(new TextEncoder().encode('y'));
    expect(event.column('a').isNull(1)).toBe(true);
    // @ts-expect-error the rows have no such column
    expect(() => event.column('z')).toThrow('the stream s has no column z: it has a, b, c, d, e, f, g');
    expect(() => event.row(2)).toThrow(RangeError);
  });

  it('are lines of JSON as the server writes them', () => {
    const columns = ['date', 'datetime', 'datetime64(3)', 'nullable(datetime64(9))', 'float64', 'uint64', 'map(string, array(int32))'].map(
      (type, index) => ({
        name: `c${index}`,
        type,
      }),
    );
    const time = Date.UTC(2024, 1, 29, 12, 30, 1, 5);
    const row = { c0: time, c1: time, c2: time, c3: -1n, c4: NaN, c5: 2n ** 64n - 1n, c6: new Map([['k', [1]]]) };
    expect(rowsEvent('s', [row], { columns }).json(0)).toBe(
      '{"c0":"2024-02-29","c1":"2024-02-29 12:30:01","c2":"2024-02-29 12:30:01.005","c3":"1969-12-31 23:59:59.999999999","c4":null,"c5":18446744073709551615,"c6":{"k":[1]}}',
    );
  });

  it('have keys, times and origins', () => {
    const event = rowsEvent('s', [{ v: 1 }, { v: 2 }], { keys: ['k', null], times: [5, 6], partition: 3, offset: 10, topic: 't' });
    expect([event.key(0), event.key(1)]).toEqual([new TextEncoder().encode('k'), null]);
    expect([event.time(1), event.origin(1)]).toEqual([6, { topic: 't', partition: 3, offset: 11 }]);
  });
});

describe('the driver of a processor', () => {
  it.each([
    ['map', defineProcessor({ ...base, map: (row: { v: number }) => ({ ...row, v: row.v + 1 }) }), [2, 3, 4]],
    ['filter', defineProcessor({ ...base, filter: (row: { v: number }) => row.v !== 2 }), [1, 3]],
    ['flatMap', defineProcessor({ ...base, flatMap: (row: { v: number }) => Array.from({ length: row.v - 1 }, () => row) }), [2, 3, 3]],
    [
      'process',
      defineProcessor({
        ...base,
        process: (event, emit) =>
          event.kind === 'rows' && event.rowCount === 1 ? emit.rows([{ v: Number(event.row(0)['v']) * 10 }]) : undefined,
      }),
      [10, 20, 30],
    ],
    ['processBatch', defineProcessor({ ...base, processBatch: (event, emit) => emit.rows(event.rows.toReversed()) }), [3, 2, 1]],
  ])('calls %s as a pipe does', async (_, processor, expected) => {
    const rows = await processorDriver(processor as never).run([{ v: 1 }, { v: 2 }, { v: 3 }] as never);
    expect(rows.map((row) => row['v'])).toEqual(expected);
  });

  it('keeps state over restarts, but not the changes of an event that failed', async () => {
    const counting = defineProcessor({
      ...base,
      map: (row, _resource, { state, attempt }) => {
        const count = Number(state.get('count') ?? 0) + 1;
        state.set('count', count);
        if (row['bad'] === true && attempt < 3) throw new Error('bad');
        return { count };
      },
    });
    const driver = processorDriver(counting);
    expect(await driver.run([{}, {}])).toEqual([{ count: 1 }, { count: 2 }]);
    const event = rowsEvent('test', [{ bad: true }]);
    await expect(driver.send(event)).rejects.toThrow('bad');
    await expect(driver.send(event)).rejects.toThrow('bad');
    await driver.restart();
    expect(await driver.send(event)).toMatchObject([{ rows: [{ count: 3 }] }]);
    expect(driver.state).toEqual(new Map([['count', 3]]));
  });

  it('lets pass what the processor does not handle', async () => {
    const deletion = deleteEvent('s', 'k');
    expect(await processorDriver(defineProcessor({ ...base, filter: () => false })).send(deletion)).toEqual([deletion]);
    const heartbeat = { kind: 'heartbeat', time: 0 } as const;
    expect(await processorDriver(defineProcessor({ ...base, process: () => {} })).send(heartbeat)).toEqual([heartbeat]);
    expect(await processorDriver(defineProcessor({ ...base, process: () => {} })).send(deletion)).toEqual([]);
  });

  it('gives services, its own and those that the test provides', async () => {
    const curious = defineProcessor({
      ...base,
      inject: { log: Logger, metrics: Metrics, streams: Streams, settings: Settings, sql: Sql },
      map: (_row, { log, metrics, streams, settings, sql }) => {
        log.warn({ n: 1 }, 'hello');
        metrics.count('rows');
        sql.check('SELECT 1');
        return { stream: streams.get('s')?.columns.length ?? null, setting: settings.get('limit') };
      },
    });
    const streams = [{ name: 's', columns: [{ name: 'v', type: 'int8' }], eventTimeColumn: null }];
    await expect(processorDriver(curious).run([{}])).rejects.toThrow('the test provides nothing for sql');
    const sql = { check: () => {}, compile: () => Promise.reject(new Error('no')) as never };
    const driver = processorDriver(curious, { streams, settings: { limit: 7 }, services: [provide(Sql, sql)] });
    expect(await driver.run([{}])).toEqual([{ stream: 1, setting: 7 }]);
    expect(driver.services.log).toEqual([{ level: 'warn', fields: { n: 1 }, message: 'hello' }]);
    expect(driver.services.metrics.get('rows')).toBe(1);
  });

  it('refuses attributes as CREATE PIPE does', () => {
    expect(() => processorDriver(defineProcessor({ ...base, filter: () => true }), { attributes: { x: '1' } })).toThrow(
      "processor under-test: 'x' = '1' is not known",
    );
  });
});

describe('the driver of a connector', () => {
  function recording(fail: (event: RowsEvent, attempt: number) => void) {
    const calls: string[] = [];
    const connector = defineConnector({
      ...base,
      open: () => void calls.push('open'),
      transfer(_resource, event, { attempt }) {
        calls.push(event.rows.map((row) => row['v']).join(' '));
        fail(event, attempt);
      },
      close: () => void calls.push('close'),
    });
    return { calls, driver: connectorDriver(connector) };
  }
  const rows = [{ v: 1 }, { v: 2 }, { v: 3 }, { v: 4 }];

  it('opens again after NotConnected, five times at most', async () => {
    const { calls, driver } = recording((_event, attempt) => {
      if (attempt < 3) throw new NotConnected('gone');
    });
    expect(await driver.deliver(rowsEvent('s', [{ v: 1 }]))).toEqual([]);
    expect(calls).toEqual(['open', '1', 'close', 'open', '1', 'close', 'open', '1']);
    const gone = recording(() => {
      throw new NotConnected('gone');
    });
    await expect(gone.driver.deliver(rowsEvent('s', [{ v: 1 }]))).rejects.toThrow('gone');
    expect(gone.calls.filter((call) => call === 'open')).toHaveLength(5);
  });

  it('delivers the rows before a bad one, passes over that, and delivers the rest', async () => {
    const { calls, driver } = recording((event) => {
      const bad = event.rows.findIndex((row) => row['v'] === 3);
      if (bad !== -1) throw new BadRecord(bad, 'a three');
    });
    expect(await driver.deliver(rowsEvent('s', rows))).toMatchObject([{ row: { v: 3 } }]);
    expect(calls).toEqual(['open', '1 2 3 4', '1 2', '3 4', '3', '4']);
  });

  it('finds the bad row by halves where the connector does not say which it is', async () => {
    const { driver } = recording((event) => {
      if (event.rows.some((row) => row['v'] === 3)) throw new Error('something');
    });
    expect(await driver.deliver(rowsEvent('s', rows))).toMatchObject([{ row: { v: 3 } }]);
  });

  it('collects what is written into topics, in a transaction or not', async () => {
    const writing = defineConnector({
      ...base,
      inject: { topics: Topics },
      isTransactional: () => true,
      open: ({ topics }) => topics.connect({}),
      async transfer(writer, event, { transaction }) {
        await writer.send('plain', [{ value: event.json(0) }]);
        await transaction?.send('exact', [{ value: event.json(0) }]);
      },
    });
    const driver = connectorDriver(writing);
    await driver.send([{ v: 1 }]);
    expect([...driver.services.topics]).toEqual([
      ['plain', [{ value: '{"v":1}' }]],
      ['exact', [{ value: '{"v":1}' }]],
    ]);
  });

  it('gives deletions to those who take them', async () => {
    const keys: unknown[] = [];
    const deleting = defineConnector({ ...base, transfer: () => {}, delete: (_, event) => void keys.push(event.key) });
    await connectorDriver(deleting).send(deleteEvent('s', 'k'));
    await connectorDriver(defineConnector({ ...base, transfer: () => {} })).send(deleteEvent('s', 'k'));
    expect(keys).toEqual([new TextEncoder().encode('k')]);
  });
});

describe('the driver of an extractor', () => {
  const counter = defineExtractor({
    ...base,
    open: ({ position }) => ({ at: Number(position ?? 0) }),
    next: async (state) => {
      state.at++;
      return state.at > 3 ? null : { stream: 's', columns: [{ name: 'n', type: 'int32' }], rows: [{ n: state.at }], position: state.at };
    },
  });

  it('goes on after what was delivered', async () => {
    const driver = extractorDriver(counter);
    expect((await driver.next())?.rows).toEqual([{ n: 1 }]);
    driver.deliver();
    expect((await driver.next())?.rows).toEqual([{ n: 2 }]);
    await driver.restart();
    expect((await driver.next())?.rows).toEqual([{ n: 2 }]);
    expect((await driver.next())?.rows).toEqual([{ n: 3 }]);
    expect(await driver.next()).toBeNull();
    expect(driver.select()).toBeNull();
  });
});

describe('a clock that stands', () => {
  it('wakes who waits, in order, when it is moved', async () => {
    const clock = new FakeClock(1000);
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.delay(ms);
      woken.push(`${name} ${clock.now()}`);
    };
    const all = [sleeper('b', 20), sleeper('a', 10), clock.delay(5).then(() => sleeper('c', 10))];
    await clock.advance(12);
    expect(woken).toEqual(['a 1010']);
    await clock.advance(100);
    await Promise.all(all);
    expect(woken).toEqual(['a 1010', 'c 1015', 'b 1020']);
    expect(clock.monotonic()).toBe(112);
  });

  it('lets go of who is told to stop', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const waiting = clock.delay(10, stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    expect(clock.waiting).toBe(0);
  });

  it('is what plugins are given', async () => {
    const slow = defineProcessor({ ...base, inject: { clock: Clock }, map: (_row, { clock }) => ({ at: clock.now() }) });
    const driver = processorDriver(slow);
    const before = (await driver.run([{}]))[0]!['at'];
    await driver.services.clock.advance(7);
    expect(Number((await driver.run([{}]))[0]!['at']) - Number(before)).toBe(7);
  });
});

describe('faults', () => {
  it('come at the call that was named', () => {
    const faults = Faults.at({ 2: 'disconnect' });
    expect([faults.next(), faults.next(), faults.next(), faults.calls]).toEqual([undefined, 'disconnect', undefined, 3]);
  });

  it('of the same seed are the same', () => {
    const take = (seed: number) => {
      const faults = Faults.seeded(seed, { rate: 0.5 });
      return Array.from({ length: 50 }, () => faults.next());
    };
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
    expect(new Set(take(7).map((fault) => (typeof fault === 'object' ? 'delay' : fault)))).toEqual(
      new Set([undefined, 'disconnect', 'lose-answer', 'delay']),
    );
  });
});
