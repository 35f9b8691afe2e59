/**
 * Leaves materialized views alone with their rows while their server is killed every minute, and looks whether they are exact at the
 * end and memory stays flat.
 *
 * `npm run soak -- --views [--minutes 30] [--rate 50000] [--brokers host:port]`: eight views of every kind (rows, windows, a view on
 * a view, running totals) over four streams that get `rate` rows a second in all. On the brokers that are given, else on an embedded one
 * in a process of its own. Every minute it prints a line of figures, then kills the server at some moment. At the end every view is
 * compared with a plain computation, row by row; exit code 1 if one differs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { delay, SeededRandom, systemClock } from '@millrace/core';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { BrokerProcess } from '../harness/broker-process.ts';
import { positive, scriptOptions } from '../harness/script-options.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { renderTable } from '../harness/text-table.ts';
import { windowedView } from '../recovery/windowed-rows.ts';
import { CountedRows, keptEvery, partitionCount } from './counted-rows.ts';
import { slope } from './slope.ts';

const usage = 'npm run soak -- --views [--minutes 30] [--rate 50000] [--brokers host:port]';
const { minutes, rate, given } = scriptOptions(usage, () => {
  const { values } = parseArgs({
    options: {
      views: { type: 'boolean' },
      minutes: { type: 'string', default: '30' },
      rate: { type: 'string', default: '50000' },
      brokers: { type: 'string' },
    },
  });
  return { minutes: positive('minutes', values.minutes), rate: positive('rate', values.rate), given: values.brokers };
});

const directory = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
const broker = given === undefined ? await BrokerProcess.start(join(directory, 'broker')) : undefined;
const brokers = given ?? broker!.address;
const server = new ServerProcess(join(directory, 'server'), ['--brokers', brokers]);
await server.start();
const client = new KafkaClient({ brokers: brokers.split(','), clientId: 'soak' });
const producer = openProducer(client, { lingerMs: 5, batchSizeBytes: 65_536, deliveryTimeoutMs: 120_000 });

const run = `soak${Date.now() % 1_000_000}`;
const streamCount = 4;
const streams = Array.from(
  { length: streamCount },
  (_, i) => new CountedRows(`${run}_stream${i}`, producer, rate / streamCount, i + 1),
) as [CountedRows, CountedRows, CountedRows, CountedRows];
for (const { topic } of streams)
  await server.execute(
    `CREATE STREAM ${topic} (id int64, device string, v int64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at', shards = ${partitionCount}`,
  );

const settings = "SETTINGS seek_to = 'earliest', idle_timeout = 0";
const kept = (name: string, from: string) =>
  `CREATE MATERIALIZED VIEW ${name} AS SELECT id, device, v, at FROM ${from} WHERE v % ${keptEvery} = 0 ${settings}`;
const windowed = (name: string, window: string, from: string) => windowedView(name, window, from, settings);
const [one, two, three, four] = streams;
const names = ['rows', 'tumble', 'chain', 'more_rows', 'hop', 'tumble10', 'tumble1', 'totals'].map((kind) => `${run}_${kind}`);
const [rows, tumble, chain, moreRows, hop, tumble10, tumble1, totals] = names as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const definitions = [
  kept(rows, one.topic),
  windowed(tumble, 'tumble($, at, 5s)', one.topic),
  windowed(chain, 'tumble($, at, 5s)', rows),
  kept(moreRows, two.topic),
  windowed(hop, 'hop($, at, 1s, 5s)', two.topic),
  windowed(tumble10, 'tumble($, at, 10s)', three.topic),
  windowed(tumble1, 'tumble($, at, 1s)', three.topic),
  `CREATE MATERIALIZED VIEW ${totals} AS SELECT device, count() AS n, sum(v) AS s FROM ${four.topic} GROUP BY device EMIT PERIODIC 1s ${settings}`,
];
for (const sql of definitions) await server.execute(sql);

let isOver = false;
const beginMs = Date.now();
const writing = write();
const samples: { minute: number; serverMb: number; brokerMb: number }[] = [];
await killEveryMinute();
isOver = true;
await writing;
const written = streams.reduce((sum, { count }) => sum + count, 0);
const seconds = (Date.now() - beginMs) / 1000;
console.log(
  `${written} rows in ${seconds.toFixed(0)} s, ${Math.round(written / seconds)} a second; the server was killed ${samples.length} times`,
);
await producer.flush();
const flushBeginMs = Date.now();
await server.execute('FLUSH');
console.log(`all of it processed after ${((Date.now() - flushBeginMs) / 1000).toFixed(1)} s more`);

// In the stream between two views partitions are mixed as they were read: what is late there only its own log tells.
const replay = `${run}_replay`;
await server.execute(windowed(replay, 'tumble($, at, 5s)', rows));
await server.execute(`FLUSH MATERIALIZED VIEW ${replay}`);
const windowRows = async (view: string) => (await server.execute(`SELECT device, window_start, n, s, last FROM table(${view})`)).sort();
const idRows = (view: string) => server.execute(`SELECT id FROM table(${view})`);
const verdicts = [
  compare(rows, one.keptIds.map(String), await idRows(rows)),
  compare(tumble, one.closedWindows(5000), await windowRows(tumble)),
  compare(chain, await windowRows(replay), await windowRows(chain)),
  compare(moreRows, two.keptIds.map(String), await idRows(moreRows)),
  compare(hop, two.closedWindows(5000, 1000), await windowRows(hop)),
  compare(tumble10, three.closedWindows(10_000), await windowRows(tumble10)),
  compare(tumble1, three.closedWindows(1000), await windowRows(tumble1)),
  compare(totals, four.totals(), await lastTotals()),
];
console.log(renderTable(verdicts));
const settled = samples.filter(({ minute }) => minute > minutes / 6);
if (settled.length > 1)
  for (const whose of ['serverMb', 'brokerMb'] as const)
    console.log(`${whose}: ${slope(settled.map((sample) => ({ x: sample.minute, y: sample[whose] }))).toFixed(2)} a minute`);
const isExact = verdicts.every(({ missing, extra, expected }) => missing === 0 && extra === 0 && expected > 0);
console.log(isExact ? 'exact' : 'NOT exact');
process.exitCode = isExact ? 0 : 1;

await producer.close();
await client.close();
await server.stop();
await broker?.stop();
rmSync(directory, { recursive: true, force: true });

async function write(): Promise<void> {
  while (!isOver) {
    const due = ((Date.now() - beginMs) / 1000) * (rate / streamCount);
    for (const stream of streams) while (stream.count < due) await stream.write();
    await delay(systemClock, 5);
  }
}

/** At the end of every minute a line of figures, then, at a moment of the next half second, the end. */
async function killEveryMinute(): Promise<void> {
  const random = new SeededRandom(beginMs);
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(systemClock, Math.max(0, beginMs + minute * 60_000 - Date.now()));
    const views = (await server.execute('SHOW MATERIALIZED VIEWS')).map((row) => row.split('\t'));
    const figures = { serverMb: server.residentMb(), brokerMb: broker?.memory().rssMb ?? 0 };
    await delay(systemClock, random.below(500));
    await server.stop('SIGKILL');
    const killedMs = Date.now();
    await server.start();
    samples.push({ minute, ...figures });
    const lag = views.reduce((sum, [, , of]) => sum + Number(of), 0);
    const states = [...new Set(views.map(([, state]) => state))].join(', ');
    const sent = streams.reduce((sum, { count }) => sum + count, 0);
    const cpu = broker === undefined ? '' : `, cpu of the broker ${broker.cpuSeconds().toFixed(0)} s`;
    console.log(
      `minute ${minute}: ${sent} rows, ${views.length} views ${states}, lag ${lag}, rss of the server ${figures.serverMb.toFixed(0)} MB, ` +
        `of the broker ${figures.brokerMb.toFixed(0)} MB${cpu}; killed, it answers again after ${Date.now() - killedMs} ms`,
    );
  }
}

/** Snapshots are given every second: the last one comes within two of them, and stays. */
async function lastTotals(): Promise<string[]> {
  await delay(systemClock, 2500);
  return (await server.execute(`SELECT device, max(n), arg_max(s, n) FROM table(${totals}) GROUP BY device`)).sort();
}

function compare(view: string, expected: readonly string[], found: readonly string[]) {
  const open = new Map<string, number>();
  for (const row of expected) open.set(row, (open.get(row) ?? 0) + 1);
  let extra = 0;
  for (const row of found) {
    const left = open.get(row) ?? 0;
    if (left === 0) extra++;
    else open.set(row, left - 1);
  }
  const missing = [...open.values()].reduce((sum, left) => sum + left, 0);
  return { view, expected: expected.length, found: found.length, missing, extra };
}
