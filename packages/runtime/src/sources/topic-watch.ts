import { asMillraceError, type Clock, type Logger, MillraceError, type Timer } from '@millrace/core';
import type { TopicMetadata } from '@millrace/kafka-client';
import type { KafkaSource } from './source-ports.ts';

const intervalMs = 400;
/** A broker that has just started may not know its topics yet: what is gone is asked for once more. */
const confirmMs = 200;
/** Without an answer for so long the brokers count as away. */
const awayAfterMs = 2000;

/** What a watched topic does. */
export interface TopicEvents {
  onPartitionCount(count: number): void;
  /** The topic was deleted, or made anew. Nothing follows. */
  onGone(error: MillraceError): void;
}

/** Looks again and again whether a topic is still there, and how many partitions it has. */
export class TopicWatch {
  readonly #kafka: KafkaSource;
  readonly #topic: TopicMetadata;
  readonly #stream: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: TopicEvents;
  #timer: Timer | undefined;
  #isClosed = false;
  #wasMissing = false;
  #isAwayLogged = false;
  #answeredMs: number;

  constructor(
    kafka: KafkaSource,
    topic: TopicMetadata,
    stream: string,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
    events: TopicEvents,
  ) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#stream = stream;
    this.#clock = clock;
    this.#logger = logger;
    this.#events = events;
    this.#answeredMs = clock.monotonic();
    this.#schedule(intervalMs);
  }

  /** False while no broker answers. */
  get isAnswering(): boolean {
    return this.#clock.monotonic() - this.#answeredMs < awayAfterMs;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    if (!this.#isClosed) this.#timer = this.#clock.setTimer(delayMs, () => void this.#look(), { unref: true });
  }

  async #look(): Promise<void> {
    try {
      this.#accept(await this.#kafka.topicOnce(this.#topic.name));
    } catch (error) {
      this.#refuse(asMillraceError(error));
    }
  }

  #accept(found: TopicMetadata): void {
    if (this.#isClosed) return;
    this.#answered();
    this.#wasMissing = false;
    if (found.topicId !== this.#topic.topicId) {
      this.#gone(`its topic "${found.name}" was deleted and made anew`);
      return;
    }
    this.#events.onPartitionCount(found.partitions.length);
    this.#schedule(intervalMs);
  }

  #refuse(error: MillraceError): void {
    if (this.#isClosed) return;
    if (error.code === 'KAFKA_TOPIC_UNKNOWN') {
      this.#answered();
      if (this.#wasMissing) this.#gone(`its topic "${this.#topic.name}" was deleted`);
      else this.#schedule(confirmMs);
      this.#wasMissing = true;
      return;
    }
    if (!this.isAnswering && !this.#isAwayLogged) {
      this.#isAwayLogged = true;
      this.#logger.warn({ topic: this.#topic.name, code: error.code }, `the query waits for a broker: ${error.message}`);
    }
    this.#schedule(intervalMs);
  }

  #answered(): void {
    this.#answeredMs = this.#clock.monotonic();
    if (this.#isAwayLogged) this.#logger.info({ topic: this.#topic.name }, 'the broker is back, the query goes on');
    this.#isAwayLogged = false;
  }

  #gone(reason: string): void {
    this.close();
    this.#events.onGone(new MillraceError('PLAN_STREAM_UNKNOWN', `stream "${this.#stream}" does not exist any more: ${reason}`));
  }
}
