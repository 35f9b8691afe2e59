import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';

/** Linux counts CPU time in these. */
const ticksPerSecond = 100;

/** The embedded broker in a process of its own, to be measured from outside. */
export class BrokerProcess {
  readonly address: string;
  readonly port: number;
  readonly #started: Started;

  private constructor(started: Started, address: string) {
    this.#started = started;
    this.address = address;
    this.port = Number(address.split(':').at(-1));
  }

  static async start(dataDirectory: string): Promise<BrokerProcess> {
    const main = join(root, 'packages/broker/src/main.ts');
    const started = new Started(process.execPath, ['--conditions=source', main, '--data-dir', dataDirectory, '--port', '0']);
    const [, address] = await started.waitFor(/listening on (\S+)/, 300_000);
    return new BrokerProcess(started, address!);
  }

  /** What the process holds now and held at most, in MB. */
  memory(): { readonly rssMb: number; readonly peakMb: number } {
    const status = readFileSync(`/proc/${this.#started.child.pid}/status`, 'utf8');
    const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
    return { rssMb: of('VmRSS'), peakMb: of('VmHWM') };
  }

  /** CPU seconds that the process has used, in all its threads. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#started.child.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  async stop(): Promise<void> {
    await this.#started.stop();
  }
}

/** Records of 1 KB in batches of almost 1 MB: a log grows as fast as the disk takes it. */
const recordsPerBatch = 900;
const batch = encodeBatch(
  Array.from({ length: recordsPerBatch }, (_, i) => ({ timestampMs: 1e12 + i, value: Buffer.alloc(1024, `record ${i} `) })),
);

/** Writes so many bytes into partition 0 of a topic, which must exist. @returns how many records that are, and the bytes of one batch. */
export async function fillLog(address: string, topic: string, bytes: number) {
  const client = new KafkaClient({ brokers: [address], clientId: 'bench' });
  const producer = openProducer(client, { maxInFlight: 5 });
  const count = Math.ceil(bytes / batch.length);
  const inFlight = new Set<Promise<unknown>>();
  for (let i = 0; i < count; i++) {
    const sent = producer.sendBatch(topic, 0, Buffer.from(batch)).finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    if (inFlight.size >= 4) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  await producer.close();
  await client.close();
  return { records: count * recordsPerBatch, recordsPerBatch, batchBytes: batch.length };
}
