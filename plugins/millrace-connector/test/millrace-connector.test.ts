import { BadRecord, NotConnected, Retryable } from '@millrace/sdk';
import { connectorConformance, connectorDriver, deleteEvent, Faults, faultyProxy, rowsEvent } from '@millrace/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import millrace from '../src/index.ts';
import { FakeDeployment, refuse } from './fake-deployment.ts';

async function target() {
  const deployment = await FakeDeployment.open();
  deployment.addStream('conformance', { n: 'int32', text: 'string' });
  deployment.isBad = (row) => row.includes('bad');
  const proxy = await faultyProxy({ port: deployment.port });
  return {
    attributes: { hosts: `127.0.0.1:${proxy.port}`, 'batch.max-rows': '700' },
    received: async () => deployment.stored.flatMap(({ data }) => data.map(([n]) => n as number)),
    badRow: { n: -1, text: 'bad' },
    goDown: () => proxy.goDown(),
    comeBack: () => proxy.comeBack(),
    hold: () => proxy.hold(),
    release: () => proxy.release(),
    async close() {
      await proxy.close();
      await deployment.close();
    },
  };
}

describe('the Millrace connector as a connector', () => {
  for (const { name, run } of connectorConformance(millrace, target, ['goDown', 'hold', 'badRow'])) it(name, run);
});

let deployment: FakeDeployment;
beforeEach(async () => {
  deployment = await FakeDeployment.open();
  deployment.addStream('test', { v: 'float64' });
});
afterEach(() => deployment.close());

function driverOf(attributes: Readonly<Record<string, string>> = {}, streams: Parameters<typeof connectorDriver>[1] = {}) {
  return connectorDriver(millrace, { ...streams, attributes: { hosts: `127.0.0.1:${deployment.port}`, ...attributes } });
}

describe('rows', () => {
  it('go as columns and data, with their event times where the stream has none of its own', async () => {
    await driverOf().send(rowsEvent('test', [{ v: 0.5 }, { v: 2 }], { times: [0, 1_709_208_000_125] }));
    expect(deployment.stored).toMatchObject([
      {
        stream: 'test',
        columns: ['v', '_tp_time'],
        data: [
          [0.5, '1970-01-01T00:00:00.000Z'],
          [2, '2024-02-29T12:00:00.125Z'],
        ],
      },
    ]);
  });

  it('go without where a column of the stream is the event time', async () => {
    deployment.addStream('test', { v: 'float64', at: 'datetime64(3)' }, 'at');
    const columns = [
      { name: 'v', type: 'float64' },
      { name: 'at', type: 'datetime64(3)' },
    ];
    await driverOf().send(rowsEvent('test', [{ v: 1, at: 1000 }], { columns }));
    expect(deployment.stored).toMatchObject([{ columns: ['v', 'at'], data: [[1, '1970-01-01T00:00:01.000Z']] }]);
  });

  it('keep every digit, every zone and what is NULL', async () => {
    const columns = {
      i: 'int64',
      u: 'nullable(uint64)',
      d: 'date',
      t0: "datetime('Asia/Tokyo')",
      t6: 'nullable(datetime64(6))',
      t9: 'datetime64(9)',
      l: 'array(uint64)',
      m: 'map(string, int64)',
      b: 'bool',
    };
    deployment.addStream('test', columns);
    const row = {
      i: -9007199254740993n,
      u: 18446744073709551615n,
      d: 0,
      t0: 1_709_208_000_000,
      t6: 1_709_208_000_125.5,
      t9: -1n,
      l: [1n, 9007199254740993n],
      m: new Map([['k', 5n]]),
      b: true,
    };
    const list = Object.entries(columns).map(([name, type]) => ({ name, type }));
    await driverOf().send(rowsEvent('test', [row, { ...row, u: null, t6: null }], { columns: list, times: [0, 0] }));
    const [{ data }] = deployment.stored as [(typeof deployment.stored)[0]];
    const expected = [
      '-9007199254740993',
      '18446744073709551615',
      '1970-01-01',
      '2024-02-29T12:00:00Z',
      '2024-02-29T12:00:00.125500Z',
      '1969-12-31T23:59:59.999999999Z',
      [1, '9007199254740993'],
      { k: 5 },
      true,
      '1970-01-01T00:00:00.000Z',
    ];
    expect(data[0]).toEqual(expected);
    expect(data[1]).toEqual(expected.with(1, null as never).with(4, null as never));
  });

  it('keep what JSON has no numbers for', async () => {
    await driverOf().send(
      rowsEvent(
        'test',
        [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0].map((v) => ({ v })),
      ),
    );
    expect(deployment.stored[0]!.data.map(([v]) => v)).toEqual(['nan', 'inf', '-inf', '-0', 0]);
  });

  it('name the clusters that they have passed', async () => {
    await driverOf().send([{ v: 1 }]);
    expect(deployment.stored[0]!.headers['x-millrace-clusters']).toBe('test');
  });

  it('go in requests of no more than batch.max-rows, in their order', async () => {
    await driverOf({ 'batch.max-rows': '2' }).send([1, 2, 3, 4, 5].map((v) => ({ v })));
    expect(deployment.stored.map(({ data }) => data.map(([v]) => v))).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('go to the stream that is named', async () => {
    deployment.addStream('from test/1', { v: 'float64' });
    await driverOf({ stream: 'from {stream}/1' }).send([{ v: 1 }]);
    expect(deployment.stored).toMatchObject([{ stream: 'from test/1' }]);
  });

  it('of no number are not sent, nor are deletions', async () => {
    const driver = driverOf();
    await driver.send([]);
    await driver.send(deleteEvent('test', 'k'));
    expect(deployment.stored).toEqual([]);
  });
});

describe('a stream that is not there', () => {
  it('stops the event', async () => {
    await expect(driverOf().send(rowsEvent('other', [{ v: 1 }]))).rejects.toThrow(
      "there is no stream other over there; make it, or set 'create-streams'='true'",
    );
  });

  it('is made with the columns of the rows, and the event time of the stream on this side', async () => {
    const columns = [
      { name: 'v', type: 'nullable(int64)' },
      { name: 'at', type: 'datetime64(3)' },
    ];
    const streams = [{ name: 'other', columns, eventTimeColumn: 'at' }];
    const driver = driverOf({ 'create-streams': 'true' }, { streams });
    await driver.send(rowsEvent('other', [{ v: 1n, at: 0 }], { columns }));
    await driver.send(rowsEvent('third', [{ v: 1 }]));
    expect(deployment.streams.get('other')).toMatchObject({ columns, event_time_column: 'at' });
    expect(deployment.streams.get('third')).toMatchObject({ columns: [{ name: 'v', type: 'float64' }], event_time_column: null });
    expect(deployment.stored.map(({ stream }) => stream)).toEqual(['other', 'third']);
  });

  it('may be made by somebody else in between', async () => {
    deployment.intercept = (request, response) => {
      if (request.method !== 'POST') return false;
      deployment.intercept = () => false;
      deployment.addStream('other', { v: 'float64' });
      refuse(response, 409, 57, 'it exists');
      return true;
    };
    await driverOf({ 'create-streams': 'true' }).send(rowsEvent('other', [{ v: 1 }]));
    expect(deployment.stored).toMatchObject([{ stream: 'other' }]);
  });
});

it('a column that is missing over there is named, and looked for again the next time', async () => {
  const driver = driverOf();
  const columns = [{ name: 'w', type: 'float64' }];
  await expect(driver.send(rowsEvent('test', [{ w: 1 }], { columns }))).rejects.toThrow(
    'the stream test over there has no column w; it has v',
  );
  deployment.addStream('test', { v: 'float64', w: 'float64' });
  await driver.send(rowsEvent('test', [{ w: 1 }], { columns }));
  expect(deployment.stored).toMatchObject([{ columns: ['w', '_tp_time'] }]);
});

describe('a request whose answer is lost', () => {
  it('is sent again under the same id, also over a new connection: its rows are there once', async () => {
    // Ping, the question for the stream, then the rows.
    const proxy = await faultyProxy({ port: deployment.port, faults: Faults.at({ 3: 'lose-answer' }) });
    const driver = driverOf({ hosts: `127.0.0.1:${proxy.port}` });
    const event = rowsEvent('test', [{ v: 1 }, { v: 2 }]);
    await expect(driver.send(event)).rejects.toThrow(NotConnected);
    await driver.close();
    await driver.send(event);
    expect(deployment.stored).toHaveLength(1);
    await driver.close();
    await proxy.close();
  });

  it('has no id for other rows of the same records', async () => {
    const proxy = await faultyProxy({ port: deployment.port, faults: Faults.at({ 3: 'lose-answer' }) });
    const driver = driverOf({ hosts: `127.0.0.1:${proxy.port}` });
    const records = { topic: 'changed' };
    await expect(driver.send(rowsEvent('test', [{ v: 1 }], records))).rejects.toThrow(NotConnected);
    await driver.close();
    await driver.send(rowsEvent('test', [{ v: 2 }], records));
    expect(deployment.stored.map(({ data }) => data[0]![0])).toEqual([1, 2]);
    await driver.close();
    await proxy.close();
  });

  it('is forgotten when its rows have arrived: the same rows are then new ones', async () => {
    const driver = driverOf();
    const event = rowsEvent('test', [{ v: 1 }], { topic: 'again' });
    await driver.send(event);
    await driver.send(event);
    const ids = deployment.stored.map(({ headers }) => String(headers['x-timeplus-idempotent-id']));
    expect(ids).toHaveLength(2);
    expect(ids[0]).toMatch(/^test\/again\/0\/0-0\/[0-9a-f]{16}\/[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('hosts', () => {
  it('are asked in turn, and the one that answers is kept', async () => {
    const other = await FakeDeployment.open();
    const hosts = `127.0.0.1:${other.port},127.0.0.1:${deployment.port}`;
    await other.close();
    const driver = driverOf({ hosts });
    await driver.send([{ v: 1 }]);
    await driver.send([{ v: 2 }]);
    expect(deployment.stored).toHaveLength(2);
  });

  it('that do not answer are all named', async () => {
    const driver = driverOf({ hosts: '127.0.0.1:1,127.0.0.1:2' });
    await expect(driver.open()).rejects.toThrow(/127\.0\.0\.1:1 cannot be reached: .*; http:\/\/127\.0\.0\.1:2 cannot be reached/);
  });

  it('that take too long count as away', async () => {
    deployment.intercept = (request) => request.method === 'POST';
    await expect(driverOf({ timeout: '50ms' }).send([{ v: 1 }])).rejects.toThrow('no answer within 50 ms');
  });
});

describe('an answer', () => {
  const answerWith = (status: number, number: number) => {
    deployment.intercept = (request, response) => {
      if (request.method !== 'POST') return false;
      refuse(response, status, number, 'no');
      return true;
    };
  };

  it.each([429, 500, 502, 503, 507])('%i means later', async (status) => {
    answerWith(status, 210);
    await expect(driverOf().send([{ v: 1 }])).rejects.toThrow(Retryable);
  });

  it.each([
    [403, 497],
    [400, 47],
    [501, 48],
  ])('%i (%i) stands as it is, whatever the number of rows', async (status, number) => {
    answerWith(status, number);
    const failure = await driverOf()
      .send([{ v: 1 }, { v: 2 }])
      .catch((error: unknown) => error);
    expect((failure as Error).message).toContain(`rows for test are refused: ${status} Code: ${number}`);
    expect((failure as Error).name).toBe('Error');
    expect(deployment.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });

  it('about a value is followed up until the row to blame is found; those before it are in', async () => {
    deployment.isBad = ([v]) => v === 6;
    const failure = await driverOf()
      .send([1, 2, 3, 4, 5, 6, 7].map((v) => ({ v })))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRecord);
    expect(failure).toMatchObject({ row: 5 });
    expect(deployment.stored.flatMap(({ data }) => data.map(([v]) => v))).toEqual([1, 2, 3, 4, 5]);
  });

  it('that lets nobody in fails the handshake', async () => {
    deployment.intercept = (_, response) => {
      refuse(response, 401, 516, 'wrong password');
      return true;
    };
    await expect(driverOf({ user: 'anna', password: 'geheim' }).open()).rejects.toThrow('the other deployment does not let us in: 401');
  });
});

it('credentials go along with every request', async () => {
  const logins = new Set<string | undefined>();
  deployment.intercept = ({ headers }) => {
    logins.add(headers.authorization);
    return false;
  };
  await driverOf({ user: 'anna', password: 'p:w' }).send([{ v: 1 }]);
  expect([...logins]).toEqual([`Basic ${Buffer.from('anna:p:w').toString('base64')}`]);
});

it.each([
  [{}, "'hosts' is missing"],
  [{ hosts: 'a' }, "'hosts' = 'a'"],
  [{ hosts: 'http://a:1' }, "'hosts' = 'http://a:1'"],
  [{ hosts: 'a:1', password: 'geheim' }, "'password' needs 'user'"],
])('attributes %j are refused', (given, problem) => {
  const read = millrace.attributes.read(given as Record<string, string>, 'connector');
  expect(read.ok ? '' : read.problems.join('; ')).toContain(problem);
  expect(JSON.stringify(read)).not.toContain('geheim');
});
