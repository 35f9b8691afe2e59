/**
 * Millrace's materialized views under the benchmarks: the queries of millrace-query.ts with exactly-once delivery, results, changelog
 * and positions in one transaction every 100 ms. Ends when all is committed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueryEngine } from '@millrace/runtime';
import { queries } from './devices-stream.ts';
import { type Measured, Meter } from './measure.ts';
import { runTask, type Task } from './task.ts';
import { createChangelog, viewColumns, viewRequest } from './view-request.ts';

async function run(which: 'w1' | 'w2', task: Task): Promise<Measured> {
  const { brokers, source, target } = task;
  const view = { name: target, brokers, source, target, query: queries[which], columns: viewColumns[which] };
  await createChangelog(view);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-view-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const meter = new Meter();
  const engine = new QueryEngine({ inProcess: true });
  const running = engine.startView(viewRequest(view, join(folder, 'snapshot')));
  running.done.catch((failure) => {
    console.error(failure);
    process.exit(1);
  });
  await running.ready;
  for (;;) {
    const { rowsIn, rowsOut, view: of } = await running.statistics();
    if (rowsIn * 2 >= task.records) meter.half();
    const committed = of!.committed.reduce((sum, { offset }) => sum + offset, 0);
    if (committed >= task.records) return meter.finish(rowsIn, rowsOut);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await runTask({ 'view-w1': (task) => run('w1', task), 'view-w2': (task) => run('w2', task) });
