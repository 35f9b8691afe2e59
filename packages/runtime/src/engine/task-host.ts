import { asMillraceError, type Clock, delay, type Logger, type MillraceError, type Random, systemDisk } from '@millrace/core';
import * as formats from '@millrace/formats';
import type { KernelContext } from '@millrace/functions';
import { type KafkaClient, openProducer, SharedClients } from '@millrace/kafka-client';
import { ResultSink } from '../sinks/result-sink.ts';
import type { Sink } from '../sinks/sink.ts';
import { StreamSink } from '../sinks/stream-sink.ts';
import type { QueryRequest } from '../task/query-request.ts';
import type { QueryStatistics } from '../task/statistics.ts';
import { Task } from '../task/task.ts';
import type { ViewRequest } from '../view/view-request.ts';
import { ViewTask } from '../view/view-task.ts';
import { CreditChannel } from './credit-channel.ts';
import { kafkaSource, viewKafka } from './kafka-source.ts';

/** Bytes of results that may be on their way to the client's side. */
const windowBytes = 1024 * 1024;
/** So long closing waits for tasks to let go of their groups: longer means that no broker answers. */
const releaseMs = 3000;
/** A window that closes is a burst of rows: in batches of Kafka's usual 16 KiB its requests would cost more than its rows. */
const sinkBatchBytes = 64 * 1024;

/** What a hosted task tells. */
export interface TaskEvents {
  onReady(): void;
  onData(bytes: Buffer): void;
  /** The last call. */
  onEnd(error: MillraceError | null, statistics: QueryStatistics): void;
}

/** A task that runs. */
export interface HostedTask {
  grant(bytes: number): void;
  cancel(error: MillraceError): void;
  /** Of a view: lets it commit and end. */
  stop(): void;
  statistics(): QueryStatistics;
}

/** Runs tasks in this thread; those on the same cluster share a client. */
export class TaskHost {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: Random;
  readonly #clients: SharedClients;
  readonly #running = new Set<Promise<void>>();

  constructor({ clock, logger, random }: { readonly clock: Clock; readonly logger: Logger; readonly random: Random }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#random = random;
    this.#clients = new SharedClients({ clock, logger, random });
  }

  start(request: QueryRequest, events: TaskEvents): HostedTask {
    const { queryId, plan, memoryBytes } = request;
    const client = this.#clients.of(request);
    const kernels = { clock: this.#clock, random: this.#random, timezone: plan.timezone };
    const logger = this.#logger.child({ query: queryId });
    const channel = new CreditChannel(windowBytes, (bytes) => events.onData(bytes));
    const sink = createSink(request, channel, client, kernels);
    const task = new Task(
      { queryId, plan, memoryBytes },
      { kafka: kafkaSource(client), formats, kernels, clock: this.#clock, logger },
      sink,
    );
    const running = task
      .run(() => events.onReady())
      .then(
        () => events.onEnd(null, task.statistics()),
        (error: unknown) => events.onEnd(asMillraceError(error), task.statistics()),
      )
      .then(async () => void (await task.released))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return {
      grant: (bytes) => channel.grant(bytes),
      cancel: (error) => {
        task.cancel(error);
        channel.release();
      },
      stop: () => {},
      statistics: () => task.statistics(),
    };
  }

  startView(request: ViewRequest, events: TaskEvents): HostedTask {
    const client = this.#clients.of(request);
    const kernels = { clock: this.#clock, random: this.#random, timezone: request.plan.timezone };
    const logger = this.#logger.child({ view: request.view });
    const task = new ViewTask(request, { kafka: viewKafka(client), disk: systemDisk, formats, kernels, clock: this.#clock, logger });
    const running = task
      .run(() => events.onReady())
      .then(
        () => events.onEnd(null, task.statistics()),
        (error: unknown) => events.onEnd(asMillraceError(error), task.statistics()),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { grant: () => {}, cancel: () => task.stop(), stop: () => task.stop(), statistics: () => task.statistics() };
  }

  /** Waits for the tasks, which must have been cancelled or be about to end, and closes the connections. */
  async close(): Promise<void> {
    const timeUp = new AbortController();
    await Promise.race([Promise.all(this.#running), delay(this.#clock, releaseMs, timeUp.signal).catch(() => {})]);
    timeUp.abort();
    await this.#clients.close();
  }
}

function createSink({ sink, plan }: QueryRequest, channel: CreditChannel, client: KafkaClient, kernels: KernelContext): Sink {
  if (sink.kind === 'result') return new ResultSink(formats.createResultEncoder(sink.format, plan.schema, sink.options), channel);
  const { topic } = sink.target;
  const countPartitions = async () => (await client.metadata([topic]))[0]!.partitions.length;
  return new StreamSink(
    sink.target,
    formats.createRecordEncoder(sink.format, sink.schema, sink.options),
    openProducer(client, { batchSizeBytes: sinkBatchBytes }),
    countPartitions,
    kernels,
  );
}
