import { MillraceError } from '@millrace/core';
import { apis, decodeAssignment, decodeSubscription, encodeAssignment, type ResponseOf } from '@millrace/kafka-protocol';
import type { Assignor, Subscriber } from './assignor.ts';
import type { Connection } from './connection.ts';
import type { CommitIdentity, Coordinator } from './group-offsets.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { TopicPartition } from './ports.ts';
import { checkCode, kafkaErrorOf } from './refused.ts';
import { byTopic } from './topic-partitions.ts';

const protocolType = 'consumer';

export interface SessionOptions {
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly instanceId: string | null;
  /** Those that the member offers, the best first. */
  readonly assignors: readonly Assignor[];
}

/** What a member held before it joins. */
export interface Held {
  readonly partitions: readonly TopicPartition[];
  /** -1 if it held nothing yet. */
  readonly generation: number;
}

/** What a member got when it joined. */
export interface Membership extends CommitIdentity {
  readonly assignment: readonly TopicPartition[];
  /** Of all topics of the group, if this member leads it; else null. */
  readonly partitionCounts: ReadonlyMap<string, number> | null;
}

type JoinResponse = ResponseOf<typeof apis.joinGroup>;

/** The requests of the group protocol, each one call: joining, the heartbeat, leaving. */
export class GroupSession {
  readonly #client: KafkaClient;
  readonly #coordinator: Coordinator;
  readonly #options: SessionOptions;
  /** True if the member keeps what it has while the group rebalances: all assignors on offer must allow it. */
  readonly isCooperative: boolean;

  constructor(coordinator: Coordinator, options: SessionOptions) {
    this.#client = coordinator.client;
    this.#coordinator = coordinator;
    this.#options = options;
    this.isCooperative = options.assignors.every(({ isCooperative }) => isCooperative);
  }

  /**
   * Joins and gets an assignment; as the group's leader it also makes everyone's.
   * @param memberId of an earlier membership, or empty.
   * @param held what the member had in its last generation, for assignors that leave things where they are.
   * @param signal once it is aborted nothing is asked again: a static member that came back behind its own end would shut out who has its place.
   * @throws {MillraceError} KAFKA_FENCED if the member id is not known (any more), KAFKA_REQUEST_REFUSED (retryable while
   *   the group rebalances), KAFKA_BROKER_UNAVAILABLE.
   */
  async join(memberId: string, held: Held, signal: AbortSignal): Promise<Membership> {
    const joined = await this.#join(memberId, held, signal);
    const assignor = this.#assignorOf(joined);
    const leads = joined.leader === joined.memberId;
    // A static leader that comes back while the group is stable must not assign anew (KIP-814).
    const counts = leads ? await this.#partitionCounts(joined) : null;
    const assignments =
      counts === null || joined.skipAssignment ? [] : makeAssignments(assignor, joined, counts, this.#coordinator.groupId);
    const synced = await this.#request('SyncGroup', async (connection) => {
      signal.throwIfAborted();
      return connection.request(
        apis.syncGroup,
        {
          groupId: this.#coordinator.groupId,
          generationId: joined.generationId,
          memberId: joined.memberId,
          groupInstanceId: this.#options.instanceId,
          protocolType,
          protocolName: assignor.name,
          assignments,
        },
        this.#options.rebalanceTimeoutMs + this.#client.requestTimeoutMs,
      );
    });
    const { assignedPartitions } = decodeAssignment(synced.assignment);
    return {
      memberId: joined.memberId,
      generation: joined.generationId,
      instanceId: this.#options.instanceId,
      assignment: assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition }))),
      partitionCounts: counts,
    };
  }

  /** @throws {MillraceError} KAFKA_REQUEST_REFUSED with REBALANCE_IN_PROGRESS, KAFKA_FENCED */
  async heartbeat({ memberId, generation, instanceId }: CommitIdentity): Promise<void> {
    const { groupId } = this.#coordinator;
    await this.#request('Heartbeat', async (connection) => {
      const body = { groupId, generationId: generation, memberId, groupInstanceId: instanceId };
      return connection.request(apis.heartbeat, body, this.#options.sessionTimeoutMs);
    });
  }

  async leave({ memberId, instanceId }: CommitIdentity): Promise<void> {
    const { groupId } = this.#coordinator;
    await this.#request('LeaveGroup', async (connection) => {
      return connection.request(apis.leaveGroup, (version) =>
        version >= 3 ? { groupId, members: [{ memberId, groupInstanceId: instanceId }] } : { groupId, memberId },
      );
    });
  }

  /** How many partitions the topics have now; topics that do not exist are left out. */
  async countPartitions(topics: Iterable<string>): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const topic of [...new Set(topics)].sort()) {
      try {
        const [metadata] = await this.#client.metadata([topic]);
        counts.set(topic, metadata!.partitions.length);
      } catch (error) {
        if (kafkaErrorOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      }
    }
    return counts;
  }

  #assignorOf({ protocolName }: JoinResponse): Assignor {
    const assignor = this.#options.assignors.find(({ name }) => name === protocolName);
    if (assignor !== undefined) return assignor;
    const { groupId } = this.#coordinator;
    throw new MillraceError(
      'KAFKA_PROTOCOL_INVALID',
      `group "${groupId}" has chosen the assignor "${protocolName}", which was not offered`,
    );
  }

  #protocols({ partitions, generation }: Held): { name: string; metadata: Buffer }[] {
    const { topics, assignors } = this.#options;
    return assignors.map((assignor) => {
      // What an eager member held is given up already: it may be told as a wish, not as what is owned.
      const owned = assignor.isCooperative && !this.isCooperative ? [] : partitions;
      return { name: assignor.name, metadata: assignor.encode({ topics, owned, generation }) };
    });
  }

  async #join(memberId: string, held: Held, signal: AbortSignal): Promise<JoinResponse> {
    const { sessionTimeoutMs, rebalanceTimeoutMs, instanceId } = this.#options;
    const protocols = this.#protocols(held);
    const response = await this.#coordinator.call(async (connection) => {
      signal.throwIfAborted();
      const joined = await connection.request(
        apis.joinGroup,
        {
          groupId: this.#coordinator.groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs,
          memberId,
          groupInstanceId: instanceId,
          protocolType,
          protocols,
        },
        // The coordinator answers when all members have come back.
        rebalanceTimeoutMs + this.#client.requestTimeoutMs,
      );
      if (joined.memberId === '' || memberId !== '') this.#check(joined.errorCode, 'JoinGroup');
      return joined;
    });
    // The first answer to a new member only gives it an id (KIP-394).
    if (memberId === '' && response.errorCode !== 0 && response.memberId !== '') return this.#join(response.memberId, held, signal);
    this.#check(response.errorCode, 'JoinGroup');
    return response;
  }

  #partitionCounts({ members }: JoinResponse): Promise<Map<string, number>> {
    return this.countPartitions(members.flatMap(({ metadata }) => decodeSubscription(metadata).topics));
  }

  async #request<R extends { readonly errorCode: number }>(what: string, action: (connection: Connection) => Promise<R>): Promise<R> {
    return this.#coordinator.call(async (connection) => {
      const response = await action(connection);
      this.#check(response.errorCode, what);
      return response;
    }, this.#options.sessionTimeoutMs);
  }

  #check(code: number, what: string): void {
    checkCode(code, `${what} of group "${this.#coordinator.groupId}"`, { groupId: this.#coordinator.groupId });
  }
}

function makeAssignments(
  assignor: Assignor,
  { members }: JoinResponse,
  counts: ReadonlyMap<string, number>,
  groupId: string,
): { memberId: string; assignment: Buffer }[] {
  const subscribers = members.map(({ memberId, groupInstanceId, metadata }): Subscriber => {
    const subscription = decodeSubscription(metadata);
    return { memberId, instanceId: groupInstanceId, topics: subscription.topics, ...assignor.decode(subscription) };
  });
  return [...assignor.assign(subscribers, counts, groupId)].map(([memberId, partitions]) => {
    const assignedPartitions = byTopic(partitions).map(([topic, of]) => ({ topic, partitions: of.map(({ partition }) => partition) }));
    return { memberId, assignment: encodeAssignment(1, { assignedPartitions }) };
  });
}
