/**
 * Millrace's engine under the benchmarks, in one thread, topic to topic: w1 filters and projects (10 % pass), w2 aggregates tumbling windows of
 * 10 s by device with 2 s of delay.
 */
import type { StreamDefinition } from '@millrace/catalog';
import { systemClock } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import { planQuery } from '@millrace/planner';
import { QueryEngine } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';
import { devicesColumns } from './devices.ts';
import { type Measured, Meter } from './measure.ts';
import { runTask, type Task, terms } from './task.ts';

const queries = {
  w1: 'SELECT device, cpu_usage, timestamp FROM devices WHERE cpu_usage >= 90',
  w2: `SELECT window_start, device, count() AS n, avg(cpu_usage) AS average, max(cpu_usage) AS max
    FROM tumble(devices, 10s) GROUP BY window_start, device EMIT AFTER WATERMARK WITH DELAY 2s`,
};

function devices(topic: string): StreamDefinition {
  return {
    name: 'devices',
    columns: devicesColumns.split(', ').map((column) => {
      const [name, ...type] = column.split(' ');
      return { name: name!, type: parseDataType(type.join(' ')), default: null, comment: null };
    }),
    primaryKey: [],
    settings: {},
    eventTimeColumn: 'timestamp',
    topic,
    createdTopic: false,
    topicId: null,
    partitions: terms.partitions,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
  };
}

async function query(source: string, task: Task): Promise<Measured> {
  const stream = devices(task.source);
  const plan = planQuery(parseQuery(source), {
    catalog: { stream: (name) => (name === 'devices' ? stream : undefined), view: () => undefined, names: () => ['devices'] },
    clock: systemClock,
    timezone: 'UTC',
    settings: { seek_to: 'earliest' },
    source,
  });
  const meter = new Meter();
  const engine = new QueryEngine({ inProcess: true });
  const running = engine.start({
    queryId: task.target,
    plan,
    brokers: task.brokers,
    memoryBytes: 1 << 30,
    sink: {
      kind: 'stream',
      format: 'JSONEachRow',
      options: { timezone: 'UTC', quote64BitIntegers: false, quoteDenormals: false },
      schema: plan.schema,
      target: { topic: task.target, valueColumns: null, time: null, key: null, sharding: null },
    },
  });
  running.done.catch((failure) => {
    console.error(failure);
    process.exit(1);
  });
  await running.ready;
  for (;;) {
    const { rowsIn, rowsOut } = await running.statistics();
    if (rowsIn * 2 >= task.records) meter.half();
    if (rowsIn >= task.records) return meter.finish(rowsIn, rowsOut);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await runTask({ w1: (task) => query(queries.w1, task), w2: (task) => query(queries.w2, task) });
