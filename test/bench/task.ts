import { type Measured, Meter } from './measure.ts';

/** What a contestant is to do, from its command line: `<workload> <brokers> <records> <source topic> <target topic>`. */
export interface Task {
  /** consume: reads the source. produce: writes records into the target. copy: source to target, in transactions with offsets. */
  readonly workload: string;
  readonly brokers: string[];
  readonly records: number;
  readonly source: string;
  readonly target: string;
}

/** What all contestants do alike, so that clients are compared and not their settings. */
export const terms = {
  partitions: 4,
  /** A copy commits when at least so many records are in the transaction. */
  recordsPerTransaction: 20_000,
  /** Bound on the bytes of one fetch, and of one partition in it. */
  maxFetchBytes: 16 << 20,
  maxPartitionBytes: 4 << 20,
  /** Records of a call, where a client takes arrays. */
  recordsPerSend: 5_000,
  /** Of a batch, where a client takes records one by one; calls of so many records make batches of about this size. */
  batchBytes: 128 * 1024,
} as const;

/** The partition of a row: blocks, so that each batch is full and event time runs alike in all partitions. */
export function partitionOf(row: number): number {
  return Math.floor(row / 100) % terms.partitions;
}

export type Workloads = Readonly<Record<string, (task: Task) => Promise<Measured>>>;

/** The main function of a contestant: does what the command line says and prints one line of JSON. */
export async function runTask(workloads: Workloads): Promise<never> {
  const [workload, brokers, records, source, target] = process.argv.slice(2) as [string, string, string, string, string];
  const run = workloads[workload];
  if (run === undefined) throw new Error(`no workload "${workload}"; there are ${Object.keys(workloads).join(', ')}`);
  const measured = await run({ workload, brokers: brokers.split(','), records: Number(records), source, target });
  await new Promise((written) => process.stdout.write(`${JSON.stringify(measured)}\n`, written));
  process.exit(0);
}

/** Counts what comes by; `finish` when the last record has come. */
export class Tally {
  readonly #meter = new Meter();
  readonly #wanted: number;
  records = 0;
  bytes = 0;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  get isComplete(): boolean {
    return this.records >= this.#wanted;
  }

  add(records: number, bytes: number): void {
    this.records += records;
    this.bytes += bytes;
    if (this.records * 2 >= this.#wanted) this.#meter.half();
  }

  finish(): Measured {
    return this.#meter.finish(this.records, this.bytes);
  }
}
