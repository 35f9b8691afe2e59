import { type Column, Settings, type Value } from '@millrace/sdk';
import { connectorDriver, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import { iotdbThriftAsyncConnector, iotdbThriftConnector } from '../src/index.ts';
import { devicePath } from '../src/mapping/device-path.ts';
import { mapRows } from '../src/mapping/device-rows.ts';
import { convertTicks, dateNumber, ticksOfMs } from '../src/mapping/server-time.ts';
import { settings } from './settings.ts';

const modern = { precision: 3, hasDates: true };
const day = Date.UTC(2026, 0, 2);

/** What a value of a type becomes: type and value, text as such. */
function mapped(type: string, value: Value, server = modern) {
  const columns: Column[] = [{ name: 'v', type }];
  const { devices, failure } = mapRows(rowsEvent('s', [{ v: value }], { columns, keys: ['d'] }), server);
  if (failure !== null) return failure.message;
  const [column] = devices[0]?.tablet.columns ?? [];
  const [cell] = column?.values ?? [];
  return column === undefined ? null : [column.type, Buffer.isBuffer(cell) ? cell.toString() : cell];
}

describe('types', () => {
  it.each<[string, Value, string, unknown]>([
    ['int8', -8, 'INT32', -8],
    ['int16', 16, 'INT32', 16],
    ['int32', -(2 ** 31), 'INT32', -(2 ** 31)],
    ['uint8', 255, 'INT32', 255],
    ['uint16', 65_535, 'INT32', 65_535],
    ['uint32', 2 ** 32 - 1, 'INT64', 2n ** 32n - 1n],
    ['int64', -(2n ** 63n), 'INT64', -(2n ** 63n)],
    ['uint64', 2n ** 63n - 1n, 'INT64', 2n ** 63n - 1n],
    ['float32', 1.5, 'FLOAT', 1.5],
    ['float64', Number.NaN, 'DOUBLE', Number.NaN],
    ['bool', true, 'BOOLEAN', true],
    ['string', 'ü€', 'TEXT', 'ü€'],
    ['fixed_string(3)', 'abc', 'TEXT', 'abc'],
    ['uuid', '61f0c404-5cb3-11e7-907b-a6006ad3dba0', 'TEXT', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'],
    ['ipv4', '10.0.0.1', 'TEXT', '10.0.0.1'],
    ["enum8('a' = 1)", 'a', 'TEXT', 'a'],
    ['json', '{"a":1}', 'TEXT', '{"a":1}'],
    ['date', day, 'DATE', 20260102],
    ['datetime', day, 'TIMESTAMP', BigInt(day)],
    ["nullable(datetime64(3, 'UTC'))", day + 1, 'TIMESTAMP', BigInt(day) + 1n],
    ['datetime64(6)', day + 0.999, 'TIMESTAMP', BigInt(day)],
    ['datetime64(9)', BigInt(day) * 1_000_000n + 999_999n, 'TIMESTAMP', BigInt(day)],
    ['array(int64)', [1n, 2n], 'TEXT', '[1,2]'],
    ['array(nullable(string))', ['a"b', null], 'TEXT', '["a\\"b",null]'],
    [
      'map(string, float64)',
      new Map<Value, Value>([
        ['k', 1.5],
        ['n', Number.NaN],
      ]),
      'TEXT',
      '{"k":1.5,"n":"NaN"}',
    ],
    ['map(int64, bool)', new Map([[1n, true]]), 'TEXT', '{"1":true}'],
    ['tuple(a int32, b array(bool))', [1, [true]], 'TEXT', '[1,[true]]'],
    ['nullable(int32)', 7, 'INT32', 7],
  ])('%s %o is %s', (type, value, iotdbType, cell) => {
    expect(mapped(type, value)).toEqual([iotdbType, cell]);
  });

  it('NULL is left out', () => {
    expect(mapped('nullable(int32)', null)).toBeNull();
  });

  it.each<[string, Value, string]>([
    ['uint64', 2n ** 63n, 'column v: 9223372036854775808 is more than an INT64 of IoTDB holds, at most 9223372036854775807'],
    ['date', Date.UTC(999, 11, 31), 'column v: the year 999 is no DATE of IoTDB, which are of the years 1000 to 9999'],
    ['date', Date.UTC(10_000, 0, 1), 'column v: the year 10000 is no DATE of IoTDB, which are of the years 1000 to 9999'],
  ])('%s %o has no place', (type, value, message) => {
    expect(mapped(type, value)).toBe(message);
  });

  it('servers before 1.3.3 have neither DATE nor TIMESTAMP', () => {
    const old = { precision: 6, hasDates: false };
    expect(mapped('date', day, old)).toEqual(['TEXT', '2026-01-02']);
    expect(mapped('datetime64(3)', day + 5, old)).toEqual(['INT64', BigInt(day + 5) * 1000n]);
  });
});

describe('times', () => {
  it.each([
    [1n, 0, 3, 1000n],
    [1999n, 3, 0, 1n],
    [-1n, 3, 0, -1n],
    [-1000n, 3, 0, -1n],
    [-1001n, 3, 0, -2n],
    [5n, 9, 9, 5n],
  ])('%s ticks of 10^-%i s are rounded down in 10^-%i s', (ticks, from, to, expected) => {
    expect(convertTicks(ticks, from, to)).toBe(expected);
  });

  it('have microseconds as milliseconds with a fraction, exact at any distance', () => {
    expect(ticksOfMs(1_700_000_000_000.123, 6)).toBe(1_700_000_000_000_123n);
    expect(ticksOfMs(253_402_300_799_999, 9)).toBe(253_402_300_799_999_000_000n);
    expect(ticksOfMs(-0.001, 6)).toBe(-1n);
    expect(ticksOfMs(-0.001, 3)).toBe(-1n);
  });

  it('of rows are as exact as _tp_time where the server has digits for it', () => {
    const columns = [
      { name: 'v', type: 'int32' },
      { name: '_tp_time', type: "datetime64(9, 'UTC')" },
    ];
    const ns = 1_700_000_000_123_456_789n;
    const event = rowsEvent('s', [{ v: 1, _tp_time: ns }], { columns, times: [1_700_000_000_123] });
    const timesAt = (precision: number) => mapRows(event, { precision, hasDates: true }).devices[0]!.tablet.times;
    expect([3, 6, 9].map(timesAt)).toEqual([[1_700_000_000_123n], [1_700_000_000_123_456n], [ns]]);
    expect(mapRows(event, modern).devices[0]!.tablet.columns.map(({ measurement }) => measurement)).toEqual(['v']);
  });

  it('that another column gives are not those of _tp_time', () => {
    const columns = [
      { name: 'v', type: 'int32' },
      { name: '_tp_time', type: 'datetime64(6)' },
    ];
    const event = rowsEvent('s', [{ v: 1, _tp_time: 99 }], { columns, times: [1_700_000_000_123] });
    expect(mapRows(event, { precision: 6, hasDates: true }).devices[0]!.tablet.times).toEqual([1_700_000_000_123_000n]);
  });

  it('are DATEs in UTC', () => {
    expect(dateNumber(Date.UTC(1000, 0, 1))).toBe(10000101);
    expect(dateNumber(Date.UTC(9999, 11, 31, 23, 59))).toBe(99991231);
  });
});

describe('devices', () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);

  it.each<[string, Uint8Array | null, string]>([
    ['db', utf8('d'), 'root.db.d'],
    ['db', null, 'root.db'],
    ['plant-7', utf8('line.3'), 'root.`plant-7`.line.`3`'],
    ['db', utf8(''), 'root.db.``'],
    ['db', Uint8Array.from([0xff, 0x00]), 'root.db.`0xff00`'],
    ['温度', utf8('传感器'), 'root.温度.传感器'],
  ])('stream %s, key %s', (stream, key, path) => {
    expect(devicePath(stream, key)).toBe(path);
  });

  it('measurements are quoted like nodes, and those that IoTDB has no name for get another one', () => {
    const row = { 'a-b': 1, time: 2, ok: 3, time_: 4, Timestamp: 5 };
    const event = rowsEvent('s', [row], { keys: ['d'] });
    const measurements = mapRows(event, modern).devices[0]!.tablet.columns.map(({ measurement }) => measurement);
    expect(measurements).toEqual(['`a-b`', 'time__', 'ok', 'time_', 'Timestamp_']);
  });
});

describe.each([iotdbThriftConnector, iotdbThriftAsyncConnector])('attributes of $name', (connector) => {
  const problemsOf = (given: Record<string, string>) => {
    const read = connector.attributes.read(given, 'connector');
    return read.ok ? [] : read.problems;
  };

  it.each<[string, Record<string, string>]>([
    ['ip and port', { 'connector.ip': '127.0.0.1', 'connector.port': '6667' }],
    ['ip alone', { 'connector.ip': 'iotdb.example' }],
    ['node-urls', { 'connector.node-urls': '127.0.0.1:6667, 127.0.0.1:6668,[::1]:6669' }],
    ['the aliases of the pipe page', { 'connector.thrift.host': 'localhost', 'connector.thrift.port': '9999' }],
    ['keys of a sink', { 'sink.ip': 'a', 'sink.port': '1', 'sink.user': 'u', 'sink.password': 'p' }],
    ['all of them', { ip: 'a', port: '1', 'node-urls': 'b:2', username: 'u', password: 'p', 'rejected-values': 'fail' }],
  ])('%s are taken', (_, given) => {
    expect(problemsOf(given)).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no address', {}, /'ip' and 'port', or 'node-urls', must be given/],
    ['a port without a host', { port: '6667' }, /'port' needs 'ip'/],
    ['a port that is none', { ip: 'a', port: '70000' }, /port.*70000.*1 … 65535/],
    ['a node without a port', { 'node-urls': '127.0.0.1' }, /node-urls.*127\.0\.0\.1.*host:port/],
    ['a node with a port that is none', { 'node-urls': 'a:0' }, /ports are 1 … 65535, not 0 as in a:0/],
    ['a key that is none', { ip: 'a', adress: 'b' }, /adress/],
  ])('%s is refused', (_, given, message) => {
    expect(problemsOf(given).join('; ')).toMatch(message);
  });

  it('the time-out comes from the configuration', async () => {
    const asked: string[] = [];
    const get = (name: keyof typeof settings) => {
      asked.push(name);
      return settings[name];
    };
    const driver = connectorDriver(connector, {
      attributes: { ip: '127.0.0.1', port: '1' },
      services: [{ symbol: Settings.symbol, service: { get } }],
    });
    await expect(driver.open()).rejects.toThrow('IoTDB at 127.0.0.1:1: ECONNREFUSED');
    expect(asked).toContain('pipe_connector_timeout_ms');
    expect(asked.includes('pipe_async_connector_core_client_number')).toBe(connector.order === 'unordered');
  });
});
