import type { Clock } from '@millrace/core';
import type { Admin } from '@millrace/kafka-client';

/** Kafka's default for `max.message.bytes`. */
const defaultLimitBytes = 1_048_588;
/** Below this no topic's limit is asked for; a topic that allows even less refuses by itself. */
const alwaysFitsBytes = 16 * 1024;
const rememberedMs = 30_000;

/** How large a record batch each topic takes (`max.message.bytes`), asked of the broker when it matters and remembered for a while. */
export class TopicLimits {
  readonly #admin: Admin;
  readonly #clock: Clock;
  readonly #limits = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

  constructor(admin: Admin, clock: Clock) {
    this.#admin = admin;
    this.#clock = clock;
  }

  /** The limit for a request that writes so many bytes in all. */
  async limitFor(topic: string, totalBytes: number): Promise<number> {
    if (totalBytes <= alwaysFitsBytes) return alwaysFitsBytes;
    const known = this.#limits.get(topic);
    if (known !== undefined && known.untilMs > this.#clock.monotonic()) return known.bytes;
    const configs = await this.#admin.describeTopicConfigs(topic);
    const bytes = Number(configs.find(({ name }) => name === 'max.message.bytes')?.value ?? defaultLimitBytes);
    this.#limits.set(topic, { bytes, untilMs: this.#clock.monotonic() + rememberedMs });
    return bytes;
  }

  forget(topic: string): void {
    this.#limits.delete(topic);
  }
}
