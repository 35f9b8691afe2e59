import { BadRecord, type DeleteEvent, NotConnected, Retryable, type RowsEvent } from '@millrace/sdk';
import { connectorDriver, deleteEvent, rowsEvent } from '@millrace/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { iotdbThriftAsyncConnector, iotdbThriftConnector } from '../src/index.ts';
import { closeSession } from '../src/rpc/methods.ts';
import { encodeException, encodeReply } from '../src/thrift/message.ts';
import { ApplicationException } from '../src/thrift/thrift-error.ts';
import { FakeIotdb, type FakeIotdbOptions } from './fake-iotdb.ts';
import { settings } from './settings.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startServer(options?: FakeIotdbOptions): Promise<FakeIotdb> {
  const server = await FakeIotdb.start(options);
  closers.push(() => server.close());
  return server;
}

function drive(attributes: Record<string, string>, connector: typeof iotdbThriftConnector = iotdbThriftConnector) {
  const driver = connectorDriver(connector, { attributes, settings });
  closers.push(() => driver.close());
  return driver;
}

const at = (server: FakeIotdb) => ({ ip: '127.0.0.1', port: String(server.endpoint.port) });
const urls = (...servers: FakeIotdb[]) => servers.map(({ endpoint }) => `127.0.0.1:${endpoint.port}`).join(',');
const columns = [
  { name: 'a', type: 'nullable(int32)' },
  { name: 'b', type: 'nullable(string)' },
];
/** Rows of key `d` at 0, 1, 2 … s. */
const event = (...rows: { a: number | null; b?: string | null }[]): RowsEvent =>
  rowsEvent(
    's',
    rows.map(({ a, b = null }) => ({ a, b })),
    { columns, keys: rows.map(() => 'd') },
  );
const keyed = (...rows: [key: string | null, a: number][]): RowsEvent =>
  rowsEvent(
    's',
    rows.map(([, a]) => ({ a, b: null })),
    { columns, keys: rows.map(([key]) => key) },
  );

describe('rows', () => {
  it('become values of the device that their key names, NULLs left out', async () => {
    const server = await startServer();
    await drive(at(server)).send(event({ a: 1, b: 'x' }, { a: null, b: 'y' }, { a: 3 }));
    expect(server.series.devices).toEqual(['root.s.d']);
    expect(server.series.rows('root.s.d')).toEqual([
      { time: 0n, a: 1, b: 'x' },
      { time: 1000n, b: 'y' },
      { time: 2000n, a: 3 },
    ]);
    expect(server.calls.map(({ method }) => method)).toEqual(['openSession', 'getProperties', 'insertTablet']);
  });

  it('of one device go as a tablet, of several as tablets, of many as records in the order of the event', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.send(keyed(['x', 1], ['x', 2]));
    await driver.send(keyed(['x', 3], ['y', 4], ['x', 5], ['y', 6]));
    await driver.send(keyed(['z', 7], ['y', 8], ['z', 9], ['v', 10], [null, 11]));
    expect(server.calls.slice(2).map(({ method }) => method)).toEqual(['insertTablet', 'insertTablets', 'insertRecords']);
    const inOrder = server.arrived.at(-1)!.map(({ device, values }) => [device, values.get('a')!.value]);
    expect(inOrder).toEqual([
      ['root.s.z', 7],
      ['root.s.y', 8],
      ['root.s.z', 9],
      ['root.s.v', 10],
      ['root.s', 11],
    ]);
  });

  it('of a tablet are sorted by time, and of the same time stay in the order of the event', async () => {
    const server = await startServer();
    const rows = [5, 3, 5, 1].map((second, i) => ({ row: { a: i, b: null }, second }));
    const options = { columns, keys: rows.map(() => 'd'), times: rows.map(({ second }) => second * 1000) };
    await drive(at(server)).send(
      rowsEvent(
        's',
        rows.map(({ row }) => row),
        options,
      ),
    );
    expect(server.arrived.at(-1)!.map(({ time, values }) => [time, values.get('a')!.value])).toEqual([
      [1000n, 3],
      [3000n, 1],
      [5000n, 0],
      [5000n, 2],
    ]);
  });

  it('without any value are counted: IoTDB has nothing to keep of them', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.send(event({ a: null }, { a: 1 }, { a: null }));
    await driver.send(event({ a: null }));
    expect(driver.services.metrics.get('empty_rows')).toBe(3);
    expect(server.count('insertTablet')).toBe(1);
    expect(server.series.rows('root.s.d')).toEqual([{ time: 1000n, a: 1 }]);
  });

  it('with a value that IoTDB has no place for fail by themselves, those before them delivered', async () => {
    const server = await startServer();
    const total = [{ name: 'total', type: 'uint64' }];
    const wide = rowsEvent('s', [{ total: 1n }, { total: 2n ** 63n }, { total: 3n }], { columns: total, keys: ['d', 'd', 'd'] });
    const failure = await drive(at(server))
      .send(wide)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRecord);
    expect(failure).toMatchObject({
      row: 1,
      message: 'column total: 9223372036854775808 is more than an INT64 of IoTDB holds, at most 9223372036854775807',
    });
    expect(server.series.rows('root.s.d')).toEqual([{ time: 0n, total: 1n }]);
  });

  it('that are more than a call should hold go in several, and one that the server cannot take fails', async () => {
    const server = await startServer({ frameSizeMax: 200_000 });
    const driver = drive(at(server));
    await driver.send(event(...Array.from({ length: 5 }, (_, a) => ({ a, b: 'x'.repeat(60_000) }))));
    expect(server.count('insertTablet')).toBeGreaterThan(2);
    expect(server.series.rows('root.s.d')).toHaveLength(5);
    const failure = await driver.send(event({ a: 5, b: 'y' }, { a: 6, b: 'x'.repeat(200_000) }, { a: 7 })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'BadRecord',
      row: 1,
      message: expect.stringMatching(/a row of 2\d{5} bytes, where at most 134464 are taken/),
    });
    expect(server.series.rows('root.s.d')[0]).toMatchObject({ a: 5 });
  });
});

describe('deletions', () => {
  const remove = (key: string | null): DeleteEvent => deleteEvent('s', key);

  it('remove everything that the device has, and nothing below it or beside it', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.send(keyed(['d', 1], ['d.e', 2], ['c', 3], ['d', 4]));
    await driver.send(remove('d'));
    expect(server.calls.at(-1)!.request).toMatchObject({ paths: ['root.s.d.*'], startTime: -(2n ** 63n), endTime: 2n ** 63n - 1n });
    expect(server.series.rows('root.s.d')).toEqual([]);
    expect(server.series.rows('root.s.d.e')).toHaveLength(1);
    expect(server.series.rows('root.s.c')).toHaveLength(1);
  });

  it('without a key mean nothing, and are counted', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.send(remove(null));
    expect(server.count('deleteData')).toBe(0);
    expect(driver.services.metrics.get('deletions_without_key')).toBe(1);
  });

  it('of the async connector stay between what came before and what comes after', async () => {
    const server = await startServer();
    const driver = drive(at(server), iotdbThriftAsyncConnector);
    await driver.open();
    server.hold();
    const sent = [event({ a: 1 }), event({ a: 2 }), remove('d'), event({ a: 3 }), remove('e')].map((one) => driver.send(one));
    server.release();
    await Promise.all(sent);
    expect(server.calls.slice(2).flatMap(({ method }) => (method.startsWith('insert') || method === 'deleteData' ? [method] : []))).toEqual(
      ['insertTablet', 'insertTablet', 'deleteData', 'insertTablet', 'deleteData'],
    );
    expect(server.series.rows('root.s.d')).toEqual([{ time: 0n, a: 3 }]);
  });

  it('that are refused fail', async () => {
    const server = await startServer();
    server.script('deleteData', { code: 803, message: 'No permissions for this operation' });
    await expect(drive(at(server)).send(remove('d'))).rejects.toThrow('status 803: No permissions for this operation');
  });
});

describe('answers', () => {
  it.each([
    [305, 'Cannot reserve 11228688 bytes of direct buffer memory'],
    [306, 'dispatch failed'],
    [600, 'Database is read-only'],
    [602, 'not ready'],
    [606, 'write rejected'],
    [611, 'disk is full'],
    [301, 'There are no available DataRegion RegionGroups currently, please use "show cluster"'],
    [301, 'executing getOrCreateDataPartition(): because: Fail to connect to any config node. Please check status of ConfigNodes'],
    [301, 'anything that says needRetry'],
  ])('%i %s: the same event later', async (code, message) => {
    const server = await startServer();
    const driver = drive(at(server));
    server.script('insertTablet', { code, message, needRetry: message.endsWith('needRetry') });
    await expect(driver.send(event({ a: 1 }))).rejects.toThrow(Retryable);
    await driver.send(event({ a: 1 }));
    expect(server.series.rows('root.s.d')).toHaveLength(1);
    expect(server.count('openSession')).toBe(1);
  });

  it.each([
    [301, 'The database name can only contain english or chinese characters, numbers, backticks and underscores'],
    [509, 'root.s.d is not a legal path'],
    [507, 'TSStatus(code:509, message:root.s.`a\nb`.m is not a legal path, because The name contains unsupported character.)'],
    [507, 'Fail to insert measurements [m] caused by [Path [root.s.d.m] does not exist]'],
    [500, 'Database not exists and failed to create automatically because enable_auto_create_schema is FALSE.'],
    [614, 'type mismatch'],
    [701, 'Current system timestamp precision is ms, please check whether the timestamp is correct'],
  ])('%i %s: the row is to blame', async (code, message) => {
    const server = await startServer();
    server.script('insertTablet', { code, message });
    await expect(drive(at(server)).send(event({ a: 1 }))).rejects.toMatchObject({
      name: 'BadRecord',
      row: 0,
      message: `IoTDB refuses rows of root.s.d: status ${code}: ${message}`,
    });
  });

  it('509 to rows of several devices: halves show which one is meant, and those before it are stored', async () => {
    const server = await startServer({ illegalDevice: 'root.s.bad' });
    const rows = keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4], ['bad', 5], ['x', 6], ['bad', 7], ['z', 8]);
    const driver = drive(at(server));
    await expect(driver.send(rows)).rejects.toMatchObject({ name: 'BadRecord', row: 4, message: expect.stringContaining('root.s.bad') });
    expect(server.series.rows('root.s.x')).toHaveLength(2);
    expect(server.series.rows('root.s.y')).toHaveLength(2);
    const dead = await driver.deliver(rows);
    expect(dead.map(({ row }) => row['a'])).toEqual([5, 7]);
    expect(server.series.devices).toEqual(['root.s.x', 'root.s.y', 'root.s.z']);
    expect(server.series.rows('root.s.x')).toHaveLength(3);
  });

  it('302 with a status for each device: those that are done are, the first row of the first that is refused is to blame', async () => {
    const server = await startServer();
    const said = { code: 302, subStatus: [{ code: 200 }, { code: 509, message: 'no' }, { code: 614 }] };
    server.script('insertTablets', { applied: said });
    server.script('insertRecords', { code: 509, message: 'no' });
    server.script('insertTablet', { code: 509, message: 'no' });
    const rows = keyed(['x', 1], ['x', 2], ['y', 3], ['z', 4], ['y', 5], ['z', 6]);
    await expect(drive(at(server)).send(rows)).rejects.toMatchObject({ name: 'BadRecord', row: 2 });
    expect(server.calls.slice(2).map(({ method }) => method)).toEqual(['insertTablets', 'insertRecords', 'insertTablet']);
  });

  it('302 where one device is to be retried: the event comes again, whatever else is wrong', async () => {
    const server = await startServer();
    server.script('insertTablets', { code: 302, subStatus: [{ code: 509 }, { code: 606, message: 'rejected' }] });
    await expect(drive(at(server)).send(keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4]))).rejects.toThrow(Retryable);
  });

  it('302 without a status for each device is the worst of those that it has', async () => {
    const server = await startServer();
    server.script('insertTablets', { code: 302, subStatus: [{ code: 200 }, { code: 606, message: 'no' }, { code: 200 }] });
    await expect(drive(at(server)).send(keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4]))).rejects.toThrow(Retryable);
  });

  it('507: what has another type is left out, reported once and counted; everything else is stored', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.send(event({ a: 1 }));
    const changed = (a: string) =>
      rowsEvent('s', [{ a, c: 2 }], {
        columns: [
          { name: 'a', type: 'string' },
          { name: 'c', type: 'int32' },
        ],
        keys: ['d'],
      });
    await driver.send(changed('one'));
    await driver.send(changed('two'));
    expect(server.count('insertTablet')).toBe(3);
    expect(server.series.rows('root.s.d')).toEqual([{ time: 0n, a: 1, c: 2 }]);
    expect(driver.services.metrics.get('rejected')).toBe(2);
    expect(driver.services.log.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({ fields: { series: ['root.s.d.a'], status: expect.stringContaining('registered type INT32') } }),
    ]);
  });

  it('607: what is older than IoTDB keeps it is delivered, and counted', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    const expired = { code: 607, message: 'Insertion time [1970-01-01T00:00:00.005] is less than ttl time bound' };
    server.script('insertTablet', { applied: expired });
    server.script('insertTablets', { applied: { code: 302, subStatus: [expired] } });
    await driver.send(event({ a: 1 }));
    await driver.send(keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4]));
    expect(driver.services.metrics.get('expired')).toBe(2);
    expect(server.count('insertTablet') + server.count('insertTablets')).toBe(2);
  });

  it("507 fails the row where 'rejected-values' says so", async () => {
    const server = await startServer();
    const driver = drive({ ...at(server), 'rejected-values': 'fail' });
    await driver.send(event({ a: 1 }));
    const changed = rowsEvent('s', [{ a: 'x' }], { columns: [{ name: 'a', type: 'string' }], keys: ['d'] });
    await expect(driver.send(changed)).rejects.toMatchObject({ name: 'BadRecord', row: 0, message: expect.stringContaining('status 507') });
  });

  it('803: the user may not, whatever the rows are', async () => {
    const server = await startServer();
    server.script('insertTablet', { code: 803, message: 'No permissions for this operation' });
    const failure = await drive(at(server))
      .send(event({ a: 1 }, { a: 2 }))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Error', message: 'IoTDB: status 803: No permissions for this operation' });
    expect(server.count('insertTablet')).toBe(1);
  });

  it('802: the session is gone, a new handshake is due', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    server.script('insertTablet', { code: 802, message: 'Log in failed. Either you are not authorized or the session has timed out.' });
    await expect(driver.send(event({ a: 1 }))).rejects.toThrow(NotConnected);
  });

  it('an unknown method is an error that says so', async () => {
    const server = await startServer();
    server.script('insertTablet', encodeException('insertTablet', 2, new ApplicationException(1, "Invalid method name: 'insertTablet'")));
    await expect(drive(at(server)).send(event({ a: 1 }))).rejects.toThrow("Invalid method name: 'insertTablet'");
  });
});

describe('connections', () => {
  it('that break before a call is carried out or after it: the event comes again, and is there once', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    server.script('insertTablet', 'close', 'close-after');
    expect(await driver.deliver(event({ a: 1 }))).toEqual([]);
    expect(server.count('insertTablet')).toBe(3);
    expect(server.series.rows('root.s.d')).toEqual([{ time: 0n, a: 1 }]);
  });

  it('without an answer within pipe_connector_timeout_ms are given up', async () => {
    const server = await startServer();
    const driver = connectorDriver(iotdbThriftConnector, {
      attributes: at(server),
      settings: { ...settings, pipe_connector_timeout_ms: 60 },
    });
    closers.push(() => driver.close());
    server.script('insertTablet', 'silent');
    await expect(driver.send(event({ a: 1 }))).rejects.toThrow(/^IoTDB at 127\.0\.0\.1:\d+: no answer within 60 ms$/);
  });

  it('to a server that is gone are noticed by the heartbeat', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.heartbeat();
    await server.goDown();
    await expect(driver.heartbeat()).rejects.toThrow(NotConnected);
  });

  it.each([
    [
      'TCompactProtocol',
      Buffer.from('0000000682210100 0000'.replace(' ', ''), 'hex'),
      /TCompactProtocol \(dn_rpc_thrift_compression_enable=true\)/,
    ],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /not framed Thrift\?/],
    ['an answer to another call', encodeReply(closeSession, 77, { code: 200 }), /an answer with number 77 where 0 is awaited/],
  ])('to a server that speaks %s say so', async (_, bytes, message) => {
    const server = await startServer();
    server.script('openSession', bytes);
    await expect(drive(at(server)).open()).rejects.toThrow(message);
  });
});

describe('handshake', () => {
  it('a wrong password is refused with the words of the server', async () => {
    const server = await startServer({ password: 'other' });
    const opened = drive(at(server)).open();
    await expect(opened).rejects.toThrow(`IoTDB at 127.0.0.1:${server.endpoint.port}: login: status 801: Authentication failed.`);
    await expect(opened).rejects.not.toBeInstanceOf(NotConnected);
  });

  it('a server that closes the connection on the binary protocol is asked whether it speaks the compact one', async () => {
    const server = await startServer({ isCompact: true });
    await expect(drive(at(server)).open()).rejects.toThrow(
      `IoTDB at 127.0.0.1:${server.endpoint.port}: the other side speaks TCompactProtocol (dn_rpc_thrift_compression_enable=true), only`,
    );
  });

  it('a server that closes every connection is one that is not there', async () => {
    const server = await startServer();
    server.script('openSession', 'close');
    await expect(drive(at(server)).open()).rejects.toThrow(`IoTDB at 127.0.0.1:${server.endpoint.port}: the connection was closed`);
  });

  it('the user and the password are sent', async () => {
    const server = await startServer({ password: 'secret' });
    await drive({ ...at(server), user: 'root', password: 'secret' }).open();
    expect(server.calls[0]!.request).toMatchObject({ username: 'root', password: 'secret', zoneId: 'UTC', clientProtocol: 2 });
  });

  it('no node answers: the message says of each why', async () => {
    const [one, other] = [await startServer(), await startServer()];
    await one.goDown();
    await other.goDown();
    await expect(drive({ 'node-urls': urls(one, other) }).open()).rejects.toThrow(
      `IoTDB at 127.0.0.1:${one.endpoint.port}: ECONNREFUSED; IoTDB at 127.0.0.1:${other.endpoint.port}: ECONNREFUSED`,
    );
  });

  it('the session is ended when the connector is closed', async () => {
    const server = await startServer();
    const driver = drive(at(server));
    await driver.open();
    expect(server.sessions).toBe(1);
    await driver.close();
    expect(server.sessions).toBe(0);
  });

  it.each([
    ['ms', 1_000n],
    ['us', 1_000_000n],
    ['ns', 1_000_000_000n],
  ])('a server with times in %s gets them so', async (precision, second) => {
    const server = await startServer({ precision });
    await drive(at(server)).send(event({ a: 0 }, { a: 1 }));
    expect(server.series.rows('root.s.d')).toEqual([
      { time: 0n, a: 0 },
      { time: second, a: 1 },
    ]);
  });

  it.each([
    ['1.2.2', 'INT64'],
    ['1.3.2', 'INT64'],
    ['1.3.3', 'TIMESTAMP'],
    ['2.0.1-beta', 'TIMESTAMP'],
    ['UNKNOWN', 'TIMESTAMP'],
  ])('a server of version %s gets times as %s', async (version, type) => {
    const server = await startServer({ version });
    const columnsOfRows = [{ name: 't', type: 'datetime64(3)' }];
    await drive(at(server)).send(rowsEvent('s', [{ t: 5 }], { columns: columnsOfRows, keys: ['d'] }));
    expect(server.series.typeOf('root.s.d', 't')).toBe(type);
  });

  it('a server that does not know getProperties will do', async () => {
    const server = await startServer();
    server.script(
      'getProperties',
      encodeException('getProperties', 1, new ApplicationException(1, "Invalid method name: 'getProperties'")),
    );
    await drive(at(server)).send(event({ a: 1 }));
    expect(server.series.rows('root.s.d')).toHaveLength(1);
  });

  it('times in other units are refused', async () => {
    const server = await startServer({ precision: 's' });
    await expect(drive(at(server)).open()).rejects.toThrow('times in s, not ms, us or ns');
  });
});

describe('nodes', () => {
  it('one of node-urls is dead: the live one gets everything', async () => {
    const [dead, live] = [await startServer(), await startServer()];
    await dead.goDown();
    await drive({ 'node-urls': urls(dead, live) }).send(event({ a: 1 }));
    expect(live.series.rows('root.s.d')).toHaveLength(1);
  });

  it('one dies: the next handshake is with another', async () => {
    const [first, second] = [await startServer(), await startServer()];
    const driver = drive({ 'node-urls': urls(first, second) });
    await driver.send(event({ a: 1 }));
    await first.goDown();
    expect(await driver.deliver(event({ a: 2 }))).toEqual([]);
    expect(first.series.rows('root.s.d')).toEqual([{ time: 0n, a: 1 }]);
    expect(second.series.rows('root.s.d')).toEqual([{ time: 0n, a: 2 }]);
  });

  it('a device that the server points elsewhere for is written there from then on', async () => {
    const [first, second] = [await startServer(), await startServer()];
    const driver = drive(at(first));
    first.script('insertTablet', { applied: { code: 400, redirectNode: second.endpoint } });
    await driver.send(keyed(['x', 1]));
    await driver.send(keyed(['x', 2], ['x', 3]));
    await driver.send(keyed(['y', 4]));
    expect(first.arrived.flat().map(({ device }) => device)).toEqual(['root.s.x', 'root.s.y']);
    expect(second.arrived.flat().map(({ device }) => device)).toEqual(['root.s.x', 'root.s.x']);
  });

  it('of several devices each goes where it was pointed to', async () => {
    const [first, second] = [await startServer(), await startServer()];
    const driver = drive(at(first));
    first.script('insertTablets', { applied: { code: 302, subStatus: [{ code: 200 }, { code: 400, redirectNode: second.endpoint }] } });
    const rows = () => keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4]);
    await driver.send(rows());
    await driver.send(rows());
    expect(first.arrived.flat().map(({ device }) => device)).toEqual([
      'root.s.x',
      'root.s.x',
      'root.s.y',
      'root.s.y',
      'root.s.x',
      'root.s.x',
    ]);
    expect(second.arrived.flat().map(({ device }) => device)).toEqual(['root.s.y', 'root.s.y']);
  });

  it('a call on several devices that is pointed elsewhere as a whole changes nothing', async () => {
    const [first, second] = [await startServer(), await startServer()];
    const driver = drive(at(first));
    first.script('insertTablets', { applied: { code: 400, redirectNode: second.endpoint } });
    const rows = () => keyed(['x', 1], ['x', 2], ['y', 3], ['y', 4]);
    await driver.send(rows());
    await driver.send(rows());
    expect(second.calls).toEqual([]);
    expect(first.count('insertTablets')).toBe(2);
  });

  it('a node that is pointed to and cannot be reached is forgotten', async () => {
    const [first, gone] = [await startServer(), await startServer()];
    await gone.goDown();
    const driver = drive(at(first));
    first.script('insertTablet', { applied: { code: 200, redirectNode: gone.endpoint } });
    await driver.send(event({ a: 1 }));
    await driver.send(event({ a: 2 }));
    await driver.send(event({ a: 3 }));
    expect(first.count('insertTablet')).toBe(3);
    expect(driver.services.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});

describe('the async connector', () => {
  const sendMany = async (server: FakeIotdb, count: number) => {
    const driver = drive(at(server), iotdbThriftAsyncConnector);
    await driver.open();
    server.hold();
    const sent = Array.from({ length: count }, (_, a) => driver.send(keyed([`k${a}`, a])));
    return { driver, sent };
  };

  it('opens the core clients, then puts calls behind each other, then opens clients up to the most', async () => {
    const server = await startServer();
    const { sent } = await sendMany(server, 40);
    server.release();
    await Promise.all(sent);
    expect(server.sessions).toBe(4);
    expect(server.series.devices).toHaveLength(40);
    const byConnection = new Set(server.calls.filter(({ method }) => method === 'insertTablet').map(({ connection }) => connection));
    expect(byConnection.size).toBe(4);
  });

  it('goes on with the clients that it has where the server takes no more', async () => {
    const server = await startServer({ sessionsMax: 2 });
    const { sent } = await sendMany(server, 20);
    server.release();
    await Promise.all(sent);
    expect(server.sessions).toBe(2);
    expect(server.series.devices).toHaveLength(20);
  });

  it('fails what was on its way when a connection breaks, and delivers it the next time', async () => {
    const server = await startServer();
    const { driver, sent } = await sendMany(server, 12);
    server.script('insertTablet', 'close-after');
    server.release();
    const outcomes = await Promise.allSettled(sent);
    const failed = outcomes.flatMap((outcome, a) => (outcome.status === 'rejected' ? [{ a, reason: outcome.reason as unknown }] : []));
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) expect(reason).toBeInstanceOf(NotConnected);
    await driver.close();
    await Promise.all(failed.map(({ a }) => driver.send(keyed([`k${a}`, a]))));
    expect(server.series.devices).toHaveLength(12);
  });
});
