import { Broker, type BrokerOptions } from '@millrace/broker';
import { delay, FakeClock, type LogFields, type Logger, MillraceError, SeededRandom } from '@millrace/core';
import { KafkaClient } from '@millrace/kafka-client';
import { type DiskOperation, MemoryDisk } from '../../packages/broker/test/memory-disk.ts';
import type { Event } from './history.ts';
import { SimulatedNetwork } from './simulated-network.ts';

const port = 9092;
/** One turn of the event loop: everything that does not wait for the clock has happened by then. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** How a world is made; what goes wrong in it follows from the seed alone. */
export interface WorldOptions {
  readonly seed: number;
  readonly broker?: Partial<BrokerOptions>;
}

/** A broker, its clients, and what lies between and below them: all of it in this process, all of it by one seed. */
export class World {
  readonly random: SeededRandom;
  readonly clock = new FakeClock(1_700_000_000_000);
  readonly disk: MemoryDisk;
  readonly network: SimulatedNetwork;
  readonly events: Event[] = [];
  readonly #options: WorldOptions;
  readonly #clients: KafkaClient[] = [];
  readonly #ending = new AbortController();
  #broker: Broker | undefined;
  #faultyUntilMs = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.disk = new MemoryDisk(new SeededRandom(this.random.uint32()));
    this.network = new SimulatedNetwork(new SeededRandom(this.random.uint32()));
    this.disk.onCrash = () => this.network.down();
    this.disk.crashError = () => new MillraceError('DISK_IO', 'the disk is gone');
  }

  /** Aborted when the clients are to come to their end. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get isUp(): boolean {
    return this.#broker !== undefined && !this.disk.isDown;
  }

  record(event: Event): void {
    this.events.push(event);
  }

  client(clientId: string): KafkaClient {
    const client = new KafkaClient({
      brokers: [`127.0.0.1:${port}`],
      clientId,
      clock: this.clock,
      random: new SeededRandom(this.random.uint32()),
      dial: this.network.dial,
      requestTimeoutMs: 4000,
      connectTimeoutMs: 1000,
    });
    this.#clients.push(client);
    return client;
  }

  /** Waits a while that the random numbers say. @throws when the clients are to end. */
  pause(belowMs: number): Promise<void> {
    return delay(this.clock, this.random.below(belowMs), this.ending);
  }

  /** Starts the broker on what is on the disk; a start that crashes or fails is tried again. */
  async start(): Promise<void> {
    for (;;) {
      const broker = new Broker(
        {
          dataDirectory: 'd',
          port,
          autoCreateTopics: false,
          retentionCheckMs: 900,
          compactionCheckMs: 500,
          groupSessionTimeoutMinMs: 100,
          ...this.#options.broker,
        },
        {
          disk: this.disk,
          clock: this.clock,
          random: new SeededRandom(this.random.uint32()),
          logger: this.#logger(),
          network: this.network.forBroker,
        },
      );
      try {
        await broker.open();
        this.#broker = broker;
        return;
      } catch (failure) {
        const isOfDisk = failure instanceof MillraceError && ['DISK_IO', 'DISK_FULL'].includes(failure.code);
        if (!isOfDisk) throw failure;
        await broker.abandon();
        this.heal();
        this.disk.restart('process');
      }
    }
  }

  /** Ends the broker in one of the ways in which brokers end. */
  async stop(how: 'close' | 'crash' | 'power'): Promise<void> {
    const broker = this.#broker!;
    this.#broker = undefined;
    if (how === 'close' && !this.disk.isDown) {
      this.heal();
      const closing = broker.close().catch((failure: unknown) => this.#judge(failure));
      for (let i = 0; i < 3; i++) await turn();
      await closing;
      if (!this.disk.isDown) return;
    }
    this.disk.crash();
    await broker.abandon();
    await turn();
    this.disk.restart(how === 'power' ? 'power' : 'process');
  }

  /** Lets time pass, in small steps, and everything happen that it brings about; ends early if the broker crashes. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < endMs && (this.isUp || this.#broker === undefined)) {
      this.clock.advance(1 + this.random.below(20));
      if (this.clock.monotonic() >= this.#faultyUntilMs) this.heal();
      await turn();
    }
  }

  /** From now on, for a while, the disk fails at some operations. */
  breakDisk(forMs: number): void {
    this.#faultyUntilMs = this.clock.monotonic() + forMs;
    const failing = (['open', 'read', 'write', 'sync', 'replace', 'rename', 'remove'] as const)[this.random.below(7)]!;
    const chance = this.random.below(2) === 0 ? 1 : 0.3;
    const random = new SeededRandom(this.random.uint32());
    this.disk.fault = (operation: DiskOperation, path) =>
      operation === failing && random.float() < chance ? new MillraceError('DISK_IO', `${path}: ${operation} failed`) : undefined;
  }

  /** From now on, for a while, there is next to no room. */
  fillDisk(forMs: number): void {
    this.#faultyUntilMs = this.clock.monotonic() + forMs;
    this.disk.capacityBytes = this.disk.usedBytes() + this.random.below(400);
  }

  heal(): void {
    this.disk.fault = () => undefined;
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** Tells the clients to end; the broker goes on. */
  end(): void {
    this.#ending.abort();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await turn();
    await this.stop('close');
  }

  #judge(failure: unknown): void {
    const isOfDisk = failure instanceof MillraceError && ['DISK_IO', 'DISK_FULL'].includes(failure.code);
    if (!isOfDisk) this.record({ kind: 'astray', what: `the broker did not close: ${String(failure)}` });
  }

  /** What the broker calls an error of its own must not be, unless the disk is gone. */
  #logger(): Logger {
    const logger: Logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields: LogFields, message: string) => {
        if (!/failed, so its connection/.test(message) || this.disk.isDown) return;
        this.record({ kind: 'astray', what: `${message}: ${JSON.stringify(fields)}` });
      },
      child: () => logger,
    };
    return logger;
  }
}
