/**
 * Millrace's pipes under the benchmarks. pipe-batch: topic → a user's processor in its worker that takes batches → nothing; pipe-map: the
 * same with a call for each row; pipe-copy: topic → a SELECT → topic, exactly once. Ends when all is committed.
 */
import { type Measured, Meter } from './measure.ts';
import { type BenchedPipe, benchRequest, openEngine } from './pipe-request.ts';
import { runTask, type Task } from './task.ts';

type Stages = Omit<BenchedPipe, 'name' | 'source'>;
type Host = Awaited<ReturnType<typeof openEngine>>['host'];

async function run(stagesOf: (host: Host) => Stages, { brokers, source, target, records }: Task): Promise<Measured> {
  const meter = new Meter();
  const { host, engine } = await openEngine(brokers);
  const pipe = engine.start(benchRequest(host, brokers, { name: target, source, ...stagesOf(host) }));
  pipe.done.catch((failure) => {
    console.error(failure);
    process.exit(1);
  });
  await pipe.ready;
  for (;;) {
    const { partitions, connector } = await pipe.statistics();
    const committed = partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0);
    if (committed * 2 >= records) meter.half();
    if (committed >= records) return meter.finish(committed, connector.eventsOut);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const nothing = (host: Host) => host.find('connector', 'do-nothing-connector');

await runTask({
  'pipe-batch': (task) => run((host) => ({ processor: host.find('processor', 'passing'), connector: nothing(host) }), task),
  'pipe-map': (task) => run((host) => ({ processor: host.find('processor', 'halving'), connector: nothing(host) }), task),
  'pipe-copy': (task) =>
    run(
      (host) => ({
        processor: host.find('processor', 'sql-processor'),
        processorAttributes: { sql: 'SELECT device, cpu_usage, timestamp FROM event WHERE cpu_usage >= 10' },
        connector: host.find('connector', 'kafka-connector'),
        connectorAttributes: { topic: task.target },
      }),
      task,
    ),
});
