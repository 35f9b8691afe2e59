/**
 * A hundred pipes that have nothing to do, in a process of their own: its memory, and the CPU that it and the broker take.
 *
 * `node --conditions=source test/bench/pipe-idle.ts <name of the cluster> <brokers> [--pipes 100] [--seconds 20]`
 */
import { parseArgs } from 'node:util';
import { renderTable } from '../harness/text-table.ts';
import { benchRequest, openEngine } from './pipe-request.ts';
import { createTopic } from './topics.ts';

const { values: options, positionals } = parseArgs({
  options: { pipes: { type: 'string', default: '100' }, seconds: { type: 'string', default: '20' } },
  allowPositionals: true,
});
const [cluster, brokers] = positionals as [string, string];
const [count, seconds] = [Number(options.pipes), Number(options.seconds)];

const source = `bench-idle-${process.pid}`;
await createTopic(brokers, source);
const brokerList = brokers.split(',');
const { host, engine } = await openEngine(brokerList);
const pipes = Array.from({ length: count }, (_, i) =>
  engine.start(
    benchRequest(host, brokerList, {
      name: `${source}-${i}`,
      source,
      processor: host.find('processor', 'do-nothing-processor'),
      connector: host.find('connector', 'do-nothing-connector'),
    }),
  ),
);
const startedMs = performance.now();
await Promise.all(pipes.map(({ ready }) => ready));
const readyMs = Math.round(performance.now() - startedMs);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
await wait(3000);
const before = process.cpuUsage();
await wait(seconds * 1000);
const { user, system } = process.cpuUsage(before);
const rssMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
console.log(
  renderTable([
    { broker: cluster, pipes: count, 'ready ms': readyMs, 'RSS MB': rssMb, 'CPU %': Math.round((user + system) / seconds / 1e2) / 1e2 },
  ]),
);
await engine.close();
await host.close();
process.exit(0);
