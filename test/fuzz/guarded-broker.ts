/** A broker that asks its clients who they are, alone in a process: `node guarded-broker.ts <data directory>`; see broker-target.ts. */
import { Broker } from '@millrace/broker';
import type { LogFields, Logger } from '@millrace/core';

const line = (fields: LogFields, message: string) => void process.stderr.write(`error ${message} ${JSON.stringify(fields)}\n`);
const logger: Logger = { debug() {}, info() {}, warn() {}, error: line, child: () => logger };
const broker = new Broker(
  {
    dataDirectory: process.argv[2]!,
    port: 0,
    defaultPartitions: 2,
    sasl: { mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], users: { alice: 'secret' }, failureDelayMs: 0 },
  },
  { logger },
);
await broker.open();
process.stdout.write(`listening on ${broker.address}\n`);
