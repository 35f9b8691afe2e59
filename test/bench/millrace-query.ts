/**
 * Millrace's engine under the benchmarks, in one thread, topic to topic: w1 filters and projects (10 % pass), w2 aggregates tumbling windows of
 * 10 s by device with 2 s of delay. `node millrace-query.ts <w1|w2> <brokers> <records>`: prints one line of JSON.
 */
import type { StreamDefinition } from '@millrace/catalog';
import { systemClock } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import { planQuery } from '@millrace/planner';
import { QueryEngine } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';
import { devicesColumns } from './devices.ts';
import { Meter } from './measure.ts';

const [workload, brokers, count] = [process.argv[2]!, process.argv[3]!.split(','), Number(process.argv[4])];

const queries: Readonly<Record<string, string>> = {
  w1: 'SELECT device, cpu_usage, timestamp FROM devices WHERE cpu_usage >= 90',
  w2: `SELECT window_start, device, count() AS n, avg(cpu_usage) AS average, max(cpu_usage) AS max
    FROM tumble(devices, 10s) GROUP BY window_start, device EMIT AFTER WATERMARK WITH DELAY 2s`,
};

const devices: StreamDefinition = {
  name: 'devices',
  columns: devicesColumns.split(', ').map((column) => {
    const [name, ...type] = column.split(' ');
    return { name: name!, type: parseDataType(type.join(' ')), default: null, comment: null };
  }),
  primaryKey: [],
  settings: {},
  eventTimeColumn: 'timestamp',
  topic: 'bench-devices',
  createdTopic: false,
  topicId: null,
  partitions: 4,
  dataFormat: 'JSONEachRow',
  comment: null,
  createdAtMs: 0,
};

const source = queries[workload]!;
const plan = planQuery(parseQuery(source), {
  catalog: { stream: (name) => (name === 'devices' ? devices : undefined), view: () => undefined, names: () => ['devices'] },
  clock: systemClock,
  timezone: 'UTC',
  settings: { seek_to: 'earliest' },
  source,
});
const meter = new Meter();
const engine = new QueryEngine({ inProcess: true });
const query = engine.start({
  queryId: `bench-${workload}`,
  plan,
  brokers,
  memoryBytes: 1 << 30,
  sink: {
    kind: 'stream',
    format: 'JSONEachRow',
    options: { timezone: 'UTC', quote64BitIntegers: false, quoteDenormals: false },
    schema: plan.schema,
    target: { topic: 'bench-results', valueColumns: null, time: null, key: null, sharding: null },
  },
});
query.done.catch((failure) => {
  console.error(failure);
  process.exit(1);
});
await query.ready;
for (;;) {
  const { rowsIn, rowsOut } = await query.statistics();
  if (rowsIn * 2 >= count) meter.half();
  if (rowsIn >= count) {
    console.log(JSON.stringify(meter.finish(rowsIn, rowsOut)));
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
process.exit(0);
