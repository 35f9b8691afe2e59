import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCommand } from '../harness/process.ts';
import { openTestServer, type TestServer } from '../harness/server.ts';

/** kcat is built on librdkafka: a client in C that shares nothing with ours. */
const isHere = hasCommand('kcat');
if (!isHere) console.log('skipped: kcat is not installed');

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.close());

function kcat(args: readonly string[], input = ''): string {
  const run = spawnSync('kcat', ['-b', server.brokers.join(','), ...args], { input, encoding: 'utf8', timeout: 30_000 });
  expect(run.stderr).not.toMatch(/ERROR/);
  expect(run.status).toBe(0);
  return run.stdout;
}

describe.skipIf(!isHere)('kcat', () => {
  it('produces to and consumes from a topic while a tumbling query runs over it', async () => {
    await server.execute("CREATE STREAM cars (car string, speed float32, at datetime64(3)) SETTINGS event_time_column='at'");
    const topic = await server.topicOf('cars');
    const query = await server.openQuery('SELECT window_start, car, max(speed) FROM tumble(cars, 5s) GROUP BY window_start, car');
    const records = [
      '{"car":"a","speed":10.5,"at":"2026-01-01 00:00:01"}',
      '{"car":"b","speed":20,"at":"2026-01-01 00:00:02"}',
      '{"car":"a","speed":30,"at":"2026-01-01 00:00:04"}',
    ];
    kcat(['-P', '-t', topic, '-p', '0', '-X', 'acks=all'], `${records.join('\n')}\n`);
    kcat(['-P', '-t', topic, '-p', '0'], '{"car":"a","speed":1,"at":"2026-01-01 00:00:07"}\n');
    await query.waitForRows(2);
    expect(query.takeRows().sort()).toEqual(['2026-01-01 00:00:00.000\ta\t30', '2026-01-01 00:00:00.000\tb\t20']);
    expect(kcat(['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-c', '3']).trim().split('\n')).toEqual(records);
    await query.close();
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('produces %s batches that a query reads', async (codec) => {
    await server.execute(`CREATE STREAM packed_${codec} (n int32)`);
    const topic = await server.topicOf(`packed_${codec}`);
    const rows = Array.from({ length: 1_000 }, (_, n) => JSON.stringify({ n })).join('\n');
    kcat(['-P', '-t', topic, '-z', codec], `${rows}\n`);
    expect(await server.execute(`SELECT count(), sum(n) FROM table(packed_${codec})`)).toEqual(['1000\t499500']);
    expect(kcat(['-C', '-t', topic, '-o', 'beginning', '-e', '-q']).trim().split('\n')).toHaveLength(1_000);
  });

  it('reads what INSERT wrote, with its event time as the timestamp', async () => {
    await server.execute("CREATE STREAM written (k string, at datetime64(3)) PRIMARY KEY (k) SETTINGS event_time_column='at'");
    await server.execute("INSERT INTO written (k, at) VALUES ('x', '2026-01-01 00:00:01.5')");
    const printed = kcat(['-C', '-t', await server.topicOf('written'), '-o', 'beginning', '-e', '-q', '-f', '%T %k %s']);
    const [timestamp, key, value] = printed.trim().split(' ', 2).concat(printed.trim().split(' ').slice(2).join(' '));
    expect([timestamp, key]).toEqual([String(Date.UTC(2026, 0, 1, 0, 0, 1, 500)), 'x']);
    expect(JSON.parse(value!)).toEqual({ k: 'x', at: '2026-01-01 00:00:01.500' });
  });
});
