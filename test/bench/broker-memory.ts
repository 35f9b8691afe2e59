/**
 * Memory of the embedded broker with idle connections and a large log, after writing it and after a restart; fails above the limit.
 *
 * `node --conditions=source test/bench/broker-memory.ts [--gb 10] [--connections 1000] [--directory /tmp/…] [--limit-mb 200]`.
 * The directory needs room for the log; it is deleted afterwards.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAdmin } from '@millrace/kafka-client';
import { apis, encodeRequest } from '@millrace/kafka-protocol';
import { BrokerProcess } from '../harness/broker-process.ts';
import { renderTable } from '../harness/text-table.ts';
import { fillLog } from './fill-log.ts';

const { values: options } = parseArgs({
  options: {
    gb: { type: 'string', default: '10' },
    connections: { type: 'string', default: '1000' },
    directory: { type: 'string', default: tmpdir() },
    'limit-mb': { type: 'string', default: '200' },
  },
});

/** A connection that was used once, as those of a client that has nothing to do. */
function openIdle(port: number): Promise<Socket> {
  const hello = encodeRequest(apis.metadata, 12, { correlationId: 1, clientId: 'idle' }, { topics: null });
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(hello));
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
  });
}

const folder = mkdtempSync(join(options.directory, 'millrace-bench-memory-'));
const rows: { readonly when: string; readonly 'RSS MB': number; readonly 'peak MB': number }[] = [];
const sockets: Socket[] = [];

async function measure(when: string, broker: BrokerProcess): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2000)); // what is garbage by now may go
  const { rssMb, peakMb } = broker.memory();
  rows.push({ when, 'RSS MB': Math.round(rssMb), 'peak MB': Math.round(peakMb) });
}

async function connectIdle(broker: BrokerProcess): Promise<void> {
  for (let i = 0; i < Number(options.connections); i++) sockets.push(await openIdle(broker.port));
}

try {
  let broker = await BrokerProcess.start(folder);
  await measure('empty', broker);
  const admin = createAdmin({ brokers: [broker.address], clientId: 'bench' });
  await admin.createTopic({ topic: 'large', partitions: 1 });
  await admin.close();
  await connectIdle(broker);
  await measure(`${options.connections} idle connections`, broker);
  await fillLog(broker.address, 'large', Number(options.gb) * 1e9);
  await measure(`and ${options.gb} GB of log`, broker);
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker.stop();
  broker = await BrokerProcess.start(folder);
  await connectIdle(broker);
  await measure('the same after a restart', broker);
  for (const socket of sockets) socket.destroy();
  await broker.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(renderTable(rows));
const most = Math.max(...rows.map((row) => row['RSS MB']));
if (most > Number(options['limit-mb'])) {
  console.error(`${most} MB are more than ${options['limit-mb']} MB`);
  process.exitCode = 1;
}
