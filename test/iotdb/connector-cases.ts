import { iotdbThriftAsyncConnector, iotdbThriftConnector } from '@millrace/iotdb-thrift-connector';
import type { Column, Row, RowsEvent } from '@millrace/sdk';
import { connectorDriver, deleteEvent, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApacheIotdb } from './apache-iotdb.ts';
import { contentOf } from './content.ts';

const settings = {
  pipe_connector_timeout_ms: 20_000,
  pipe_async_connector_core_client_number: 2,
  pipe_async_connector_max_client_number: 4,
};
const day = Date.UTC(2026, 0, 2);

const columns: Column[] = [
  { name: 'i8', type: 'int8' },
  { name: 'i32', type: 'nullable(int32)' },
  { name: 'u32', type: 'nullable(uint32)' },
  { name: 'i64', type: 'nullable(int64)' },
  { name: 'u64', type: 'nullable(uint64)' },
  { name: 'f32', type: 'nullable(float32)' },
  { name: 'f64', type: 'nullable(float64)' },
  { name: 'b', type: 'nullable(bool)' },
  { name: 's', type: 'nullable(string)' },
  { name: 'd', type: 'nullable(date)' },
  { name: 't', type: 'nullable(datetime64(6))' },
  { name: 'list', type: 'array(int64)' },
  { name: 'time', type: 'nullable(int32)' },
  { name: 'a-b.c`d', type: 'nullable(string)' },
];
const full: Row = {
  i8: -128,
  i32: 2 ** 31 - 1,
  u32: 2 ** 32 - 1,
  i64: -(2n ** 63n),
  u64: 2n ** 63n - 1n,
  f32: 1.5,
  f64: Number.NaN,
  b: true,
  s: 'ü€ "quoted"\nline',
  d: day,
  t: day + 1.999,
  list: [1n, 2n],
  time: 5,
  'a-b.c`d': 'odd name',
};
const empty: Row = Object.fromEntries(columns.map(({ name, type }) => [name, type.startsWith('nullable') ? null : name === 'i8' ? 0 : []]));

/** The connectors by themselves, against what really answers. */
export function connectorCases(server: () => ApacheIotdb): void {
  const drive = (connector: typeof iotdbThriftConnector, attributes: Record<string, string> = {}) => {
    const driver = connectorDriver(connector, { attributes: { ip: '127.0.0.1', port: String(server().port), ...attributes }, settings });
    onTestFinished(() => driver.close());
    return driver;
  };
  const rows = (stream: string, from: number, count: number, key: (n: number) => string): RowsEvent => {
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const times = numbers.map((n) => 1_700_000_000_000 + n * 1000);
    const columnsOfRows = [{ name: 'n', type: 'int64' }];
    return rowsEvent(
      stream,
      numbers.map((n) => ({ n: BigInt(n) })),
      { columns: columnsOfRows, keys: numbers.map(key), times, offset: from },
    );
  };

  describe.each([iotdbThriftConnector, iotdbThriftAsyncConnector])('$name', (connector) => {
    const stream = connector.order === 'unordered' ? 'async' : 'sync';

    it('brings every type and NULL', async () => {
      const driver = drive(connector);
      const keys = ['d', 'd', 'plant 7.line.3', null];
      await driver.send(
        rowsEvent(`types_${stream}`, [full, empty, full, { ...empty, i8: 7 }], { columns, keys, times: [1000, 2000, 3000, 4000] }),
      );
      const content = await contentOf(server(), `root.types_${stream}.**`);
      const path = `root.types_${stream}`;
      expect(content.get(`${path}.d`)).toEqual([
        {
          time: 1000n,
          i8: -128,
          i32: 2 ** 31 - 1,
          u32: 2n ** 32n - 1n,
          i64: -(2n ** 63n),
          u64: 2n ** 63n - 1n,
          f32: 1.5,
          f64: Number.NaN,
          b: true,
          s: 'ü€ "quoted"\nline',
          d: 20260102,
          t: BigInt(day) + 1n,
          list: '[1,2]',
          time_: 5,
          '`a-b.c``d`': 'odd name',
        },
        { time: 2000n, i8: 0, list: '[]' },
      ]);
      expect(content.get(`${path}.\`plant 7\`.line.\`3\``)).toHaveLength(1);
      expect(content.get(path)).toEqual([{ time: 4000n, i8: 7, list: '[]' }]);
    });

    it('brings many rows of many devices, and the same again without harm', async () => {
      const driver = drive(connector);
      await driver.open();
      const events = Array.from({ length: 20 }, (_, i) => rows(`many_${stream}`, i * 500, 500, (n) => `k${n % 25}`));
      await Promise.all([...events, ...events.slice(0, 5)].map((event) => driver.send(event)));
      const content = await contentOf(server(), `root.many_${stream}.**`);
      const numbers = [...content.values()].flatMap((device) => device.map(({ n }) => Number(n))).sort((left, right) => left - right);
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
    });

    it('deletes a device between what came before and what comes after', async () => {
      const driver = drive(connector);
      const name = `deleted_${stream}`;
      await driver.open();
      await Promise.all([
        driver.send(rows(name, 0, 10, (n) => (n % 2 === 0 ? 'gone' : 'kept'))),
        driver.send(deleteEvent(name, 'gone')),
        driver.send(deleteEvent(name, 'never.there')),
        driver.send(rows(name, 10, 1, () => 'gone')),
      ]);
      const content = await contentOf(server(), `root.${name}.**`);
      expect(content.get(`root.${name}.gone`)?.map(({ n }) => n)).toEqual([10n]);
      expect(content.get(`root.${name}.kept`)).toHaveLength(5);
    });
  });

  it('of the same time the last row counts, measurement by measurement', async () => {
    const columnsOfRows = [
      { name: 'a', type: 'nullable(int32)' },
      { name: 'b', type: 'nullable(int32)' },
    ];
    const given = [
      { a: 1, b: 1 },
      { a: 2, b: null },
      { a: null, b: 3 },
    ];
    await drive(iotdbThriftConnector).send(
      rowsEvent('same_time', given, { columns: columnsOfRows, keys: ['d', 'd', 'd'], times: [5, 5, 5] }),
    );
    const read = () => contentOf(server(), 'root.same_time.**');
    expect((await read()).get('root.same_time.d')).toEqual([{ time: 5n, a: 2, b: 3 }]);
    const session = await server().connect();
    await session.execute('FLUSH root.same_time');
    await session.close();
    expect((await read()).get('root.same_time.d')).toEqual([{ time: 5n, a: 2, b: 3 }]);
  });

  it('what has another type than its measurement is left out and reported, or fails its row', async () => {
    const send = (driver: ReturnType<typeof drive>, a: number | string, type: string) =>
      driver.send(
        rowsEvent('changed', [{ a, c: 1 }], {
          columns: [
            { name: 'a', type },
            { name: 'c', type: 'int32' },
          ],
          keys: ['d'],
        }),
      );
    const driver = drive(iotdbThriftConnector);
    await send(driver, 1, 'int32');
    await send(driver, 'text', 'string');
    expect(driver.services.metrics.get('rejected')).toBe(1);
    expect((await contentOf(server(), 'root.changed.**')).get('root.changed.d')).toEqual([{ time: 0n, a: 1, c: 1 }]);
    await expect(send(drive(iotdbThriftConnector, { 'rejected-values': 'fail' }), 'text', 'string')).rejects.toMatchObject({
      name: 'BadRecord',
      row: 0,
    });
  });

  it('rows that are older than IoTDB keeps them are delivered and counted, the others are stored', async () => {
    const session = await server().connect();
    await session.execute('CREATE DATABASE root.kept');
    await session.execute('SET TTL TO root.kept.** 3600000');
    await session.close();
    const driver = drive(iotdbThriftConnector);
    const given = { columns: [{ name: 'n', type: 'int32' }], keys: ['d', 'd', 'e', 'f'], times: [1000, Date.now(), 2000, Date.now()] };
    await driver.send(rowsEvent('kept', [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }], given));
    const content = await contentOf(server(), 'root.kept.**');
    expect([...content].map(([device, held]) => [device, held.map(({ n }) => n)])).toEqual([
      ['root.kept.d', [2]],
      ['root.kept.f', [4]],
    ]);
    expect(driver.services.metrics.get('expired')).toBe(1);
  });

  it('names that IoTDB does not take are refused with its words', async () => {
    const driver = drive(iotdbThriftConnector);
    await expect(driver.send(rows('a b', 0, 1, () => 'd'))).rejects.toMatchObject({
      name: 'BadRecord',
      row: 0,
      message: expect.stringContaining('is not a legal path'),
    });
    await expect(driver.send(rows('names', 0, 3, (n) => (n === 1 ? 'line\nbreak' : 'fine')))).rejects.toMatchObject({
      name: 'BadRecord',
      row: 1,
    });
    expect((await contentOf(server(), 'root.names.**')).get('root.names.fine')).toHaveLength(1);
  });

  it('a wrong password is refused at the handshake, and a dead node is passed over', async () => {
    await expect(drive(iotdbThriftConnector, { password: 'wrong' }).open()).rejects.toThrow(/status 801/);
    const driver = drive(iotdbThriftConnector, { ip: '127.0.0.1', port: '1', 'node-urls': `127.0.0.1:${server().port}` });
    await driver.send(rows('failover', 0, 3, () => 'd'));
    expect((await contentOf(server(), 'root.failover.**')).get('root.failover.d')).toHaveLength(3);
  });
}
