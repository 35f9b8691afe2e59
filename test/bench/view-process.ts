/**
 * A materialized view in a process of its own: `<query> <brokers> <source topic> <target topic> [<snapshot>]`; the changelog must exist. Prints `ready`, and
 * when it has committed its first rows a line of JSON with the time since the group gave it the partitions, in ms, and the CPU seconds in it; runs until SIGTERM.
 */
import { QueryEngine } from '@millrace/runtime';
import { queries } from './devices-stream.ts';
import { viewColumns, viewRequest } from './view-request.ts';

const [which, brokers, source, target, snapshot = null] = process.argv.slice(2) as [keyof typeof queries, string, string, string, string?];
const view = { name: target, brokers: brokers.split(','), source, target, query: queries[which], columns: viewColumns[which] };
const engine = new QueryEngine({ inProcess: true });
const running = engine.startView(viewRequest(view, snapshot));
running.done.then(
  () => process.exit(0),
  (failure) => {
    console.error(failure);
    process.exit(1);
  },
);
process.once('SIGTERM', () => void running.stop().catch(() => {}));

const pollMs = 2;
const until = async (isReached: () => Promise<boolean>) => {
  while (!(await isReached())) await new Promise((resolve) => setTimeout(resolve, pollMs));
};

await until(async () => (await running.statistics()).state === 'restoring');
const assignedMs = Date.now();
const assignedCpu = process.cpuUsage();
await running.ready;
console.log('ready');
await until(async () => (await running.statistics()).rowsOut > 0);
const { commits } = (await running.statistics()).view!;
await until(async () => (await running.statistics()).view!.commits > commits);
const { user, system } = process.cpuUsage(assignedCpu);
const firstOutputMs = (await running.statistics()).view!.lastCommitMs! - assignedMs;
console.log(JSON.stringify({ firstOutputMs, cpuSeconds: (user + system) / 1e6, rssMb: Math.round(process.resourceUsage().maxRSS / 1024) }));
