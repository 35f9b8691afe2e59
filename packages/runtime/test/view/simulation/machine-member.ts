import type { GroupMember, GroupOptions, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import type { Machine } from './machine.ts';

/** A static member of a group that keeps what it has through rebalances. */
export class MachineMember implements GroupMember {
  readonly #machine: Machine;
  readonly #options: GroupOptions;
  memberId = '';
  generation = -1;
  assignment: readonly TopicPartition[] = [];
  /** What is to be done one after another. */
  #work: Promise<void> = Promise.resolve();
  #answeredMs = 0;
  #isLeaving = false;

  constructor(machine: Machine, options: GroupOptions) {
    this.#machine = machine;
    this.#options = options;
    this.#work = this.#join();
    this.#beatLater();
  }

  get groupId(): string {
    return this.#options.groupId;
  }

  get groupInstanceId(): string {
    return this.#options.instanceId!;
  }

  async commit(): Promise<void> {
    throw new Error('offsets of a view are committed in its transactions');
  }

  committed(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return this.#machine.request(() => this.#machine.cluster.committedOffsets(this.groupId, partitions));
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#work = this.#work.then(async () => {
      if (this.memberId === '') return;
      await this.#options.onRevoked(this.assignment, false);
      const { memberId } = this;
      await this.#machine.request(() => this.#group.leave(memberId)).catch(() => {});
    });
    await this.#work;
  }

  get #group() {
    return this.#machine.cluster.group(this.groupId);
  }

  async #join(): Promise<void> {
    while (!this.#isLeaving) {
      try {
        const { instanceId } = this.#options;
        this.memberId = await this.#machine.request(() => {
          return this.#group.join(instanceId!, this.#options, (generation, partitions) => {
            // A message to the member, as the answer to its join.
            const { clock, cluster } = this.#machine;
            clock.setTimer(cluster.random.below(5), () => this.#do(() => this.#take(generation, partitions)));
          });
        });
        this.#answeredMs = this.#machine.clock.monotonic();
        return;
      } catch {
        await new Promise<void>((resolve) => void this.#machine.clock.setTimer(50, resolve));
      }
    }
  }

  #do(action: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#isLeaving) await action();
    });
  }

  async #take(generation: number, partitions: readonly TopicPartition[]): Promise<void> {
    if (generation <= this.generation) return;
    const keeps = ({ topic, partition }: TopicPartition) => partitions.some((of) => of.topic === topic && of.partition === partition);
    const moving = this.assignment.filter((of) => !keeps(of));
    this.generation = generation;
    this.assignment = partitions;
    if (moving.length > 0) await this.#options.onRevoked(moving, false);
    // One of several is told at each generation what it may have missed in another.
    if (partitions.length === 0 || this.#options.tasks !== undefined) await this.#tellReleased(this.memberId);
    await this.#options.onAssigned(partitions);
  }

  async #tellReleased(memberId: string): Promise<void> {
    for (let isTold = false; !isTold && !this.#isLeaving; ) {
      isTold = await this.#machine
        .request(() => this.#group.released(memberId))
        .then(
          () => true,
          () => false,
        );
    }
  }

  #beatLater(): void {
    this.#machine.clock.setTimer(this.#options.sessionTimeoutMs! / 5, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    if (this.#isLeaving) return;
    const { memberId } = this;
    const { clock } = this.#machine;
    if (memberId !== '') {
      const isKnown = await this.#machine.request(() => this.#group.heartbeat(memberId)).catch(() => undefined);
      if (isKnown === true) this.#answeredMs = clock.monotonic();
      const isOver = clock.monotonic() - this.#answeredMs > this.#options.sessionTimeoutMs!;
      if (isKnown === false || (isKnown === undefined && isOver)) this.#do(() => this.#lose(memberId));
    }
    this.#beatLater();
  }

  async #lose(memberId: string): Promise<void> {
    if (memberId !== this.memberId) return;
    const lost = this.assignment;
    this.assignment = [];
    this.memberId = '';
    this.generation = -1;
    await this.#options.onRevoked(lost, true);
    await this.#join();
  }
}
