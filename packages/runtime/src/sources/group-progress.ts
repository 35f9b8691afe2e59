import type { Clock, Logger, Timer } from '@millrace/core';
import type { GroupMember, PartitionOffset } from '@millrace/kafka-client';
import type { KafkaSource } from './source-ports.ts';

const commitIntervalMs = 1000;

/**
 * Shows a query as a consumer group to Kafka's tools: its member, its partitions, and how far it is.
 *
 * The query reads what it wants whatever the group says; it never waits for it, and a failing commit does not hurt it.
 * The group is joined at once or, for a query that may be over soon, after a second; and deleted at the end.
 */
export class GroupProgress {
  readonly #kafka: KafkaSource;
  readonly #groupId: string;
  readonly #topics: readonly string[];
  readonly #positions: () => readonly PartitionOffset[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #committed = new Map<string, number>();
  #member: GroupMember | undefined;
  #isAssigned = false;
  #isClosed = false;
  #timer: Timer | undefined;

  constructor(
    kafka: KafkaSource,
    group: { readonly groupId: string; readonly topics: readonly string[]; readonly positions: () => readonly PartitionOffset[] },
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#kafka = kafka;
    this.#groupId = group.groupId;
    this.#topics = group.topics;
    this.#positions = group.positions;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(atOnce: boolean): void {
    if (atOnce) this.#join();
    this.#schedule();
  }

  /** Leaves and deletes the group. Never fails: what is left of the group expires by itself. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    if (this.#member === undefined) return;
    try {
      if (this.#isAssigned) await this.#commit(this.#member);
      await this.#member.leave();
      await this.#kafka.deleteGroup(this.#groupId);
    } catch (error) {
      this.#logger.debug({ group: this.#groupId, error: String(error) }, 'the group of a query could not be deleted');
    }
  }

  #join(): void {
    this.#member = this.#kafka.joinGroup({
      groupId: this.#groupId,
      topics: this.#topics,
      onAssigned: () => {
        this.#isAssigned = true;
        this.#commitSoon();
      },
      onRevoked: () => {
        this.#isAssigned = false;
      },
      onFailed: (error) => {
        this.#isAssigned = false;
        this.#logger.warn({ group: this.#groupId, error: error.message }, 'the group of a query has failed; the query goes on without it');
      },
    });
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.setTimer(
      commitIntervalMs,
      () => {
        if (this.#member === undefined) this.#join();
        this.#commitSoon();
        this.#schedule();
      },
      { unref: true },
    );
  }

  #commitSoon(): void {
    if (this.#member === undefined || !this.#isAssigned || this.#isClosed) return;
    this.#commit(this.#member).catch((error: unknown) => {
      this.#logger.debug({ group: this.#groupId, error: String(error) }, 'the progress of a query could not be committed');
    });
  }

  async #commit(member: GroupMember): Promise<void> {
    const changed = this.#positions().filter(({ topic, partition, offset }) => this.#committed.get(`${partition}@${topic}`) !== offset);
    if (changed.length === 0) return;
    await member.commit(changed);
    for (const { topic, partition, offset } of changed) this.#committed.set(`${partition}@${topic}`, offset);
  }
}
