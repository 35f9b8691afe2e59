/**
 * Millrace's engine under the benchmarks, in one thread, topic to topic: w1 filters and projects (10 % pass), w2 aggregates tumbling windows of
 * 10 s by device with 2 s of delay.
 */
import { planQuery } from '@millrace/planner';
import { QueryEngine } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';
import { planContext, queries } from './devices-stream.ts';
import { type Measured, Meter } from './measure.ts';
import { runTask, type Task } from './task.ts';

async function query(source: string, task: Task): Promise<Measured> {
  const plan = planQuery(parseQuery(source), planContext(task.source, source));
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
