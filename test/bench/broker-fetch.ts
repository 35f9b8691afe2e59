/**
 * How fast the embedded broker serves fetches from the page cache over loopback, to a client that counts bytes and looks at none.
 *
 * `node --conditions=source test/bench/broker-fetch.ts [--gb 2] [--rounds 5] [--fetch-mb 16] [--directory /tmp/…]`; prints GB/s of each round,
 * and GB per CPU second of the broker, which other work on the machine changes less.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
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
    gb: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    'fetch-mb': { type: 'string', default: '16' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const fetchBytes = Number(options['fetch-mb']) * 1024 * 1024;

function fetchRequest(fetchOffset: number): Buffer {
  const topics = [{ topic: 'large', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: fetchBytes }] }];
  return encodeRequest(
    apis.fetch,
    12,
    { correlationId: fetchOffset, clientId: 'bench' },
    { maxWaitMs: 0, minBytes: 1, maxBytes: fetchBytes, topics },
  );
}

/** Reads a log once from end to end, two fetches under way. @returns bytes and seconds. */
function readOnce(port: number, offsets: readonly number[]): Promise<{ bytes: number; seconds: number }> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const waiting = [...offsets];
    let answers = 0;
    let bytes = 0;
    let frameLeft = 0;
    const head: number[] = [];
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    const take = (length: number) => {
      bytes += length;
      for (let at = 0; at < length; ) {
        if (frameLeft === 0) {
          head.push(buffer[at++]!);
          if (head.length < 4) continue;
          frameLeft = Buffer.from(head.splice(0)).readInt32BE();
        } else {
          const taken = Math.min(frameLeft, length - at);
          frameLeft -= taken;
          at += taken;
          if (frameLeft > 0) continue;
          answers++;
          const next = waiting.shift();
          if (next !== undefined) socket.write(fetchRequest(next));
          else if (answers === offsets.length) {
            socket.destroy();
            resolve({ bytes, seconds: (performance.now() - startMs) / 1000 });
          }
        }
      }
      return true;
    };
    const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback: take } }, () => {
      for (const first of waiting.splice(0, 2)) socket.write(fetchRequest(first));
    });
    socket.once('error', reject);
  });
}

const folder = mkdtempSync(join(options.directory, 'millrace-bench-fetch-'));
try {
  const broker = await BrokerProcess.start(folder);
  const admin = createAdmin({ brokers: [broker.address], clientId: 'bench' });
  await admin.createTopic({ topic: 'large', partitions: 1 });
  await admin.close();
  const { records, recordsPerBatch, batchBytes } = await fillLog(broker.address, 'large', Number(options.gb) * 1e9);
  const perFetch = Math.max(1, Math.floor(fetchBytes / batchBytes)) * recordsPerBatch;
  const offsets = Array.from({ length: Math.floor(records / perFetch) }, (_, i) => i * perFetch);
  const rows = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    const cpuBefore = broker.cpuSeconds();
    const { bytes, seconds } = await readOnce(broker.port, offsets);
    const cpuSeconds = broker.cpuSeconds() - cpuBefore;
    const hundredths = (value: number) => Math.round(value * 100) / 100;
    rows.push({
      round,
      GB: hundredths(bytes / 1e9),
      'GB/s': hundredths(bytes / seconds / 1e9),
      'GB per CPU s of the broker': hundredths(bytes / cpuSeconds / 1e9),
    });
  }
  console.log(renderTable(rows));
  await broker.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
