import { apis } from '@millrace/kafka-protocol';
import { type RetryContext, retry } from './back-off.ts';
import type { Connection } from './connection.ts';
import { type CoordinatorKind, findCoordinator, type KafkaClient } from './kafka-client.ts';
import type { PartitionOffset, TopicPartition } from './ports.ts';
import { checkCode, kafkaErrorOf } from './refused.ts';
import { byTopic } from './topic-partitions.ts';

/** Who commits: a member of the current generation, or nobody (generation -1), which a group without members allows. */
export interface CommitIdentity {
  readonly memberId: string;
  readonly generation: number;
  readonly instanceId: string | null;
}

/** What the right coordinator refuses for a while. */
const passing: ReadonlySet<string> = new Set(['COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS', 'UNSTABLE_OFFSET_COMMIT']);

const nobody: CommitIdentity = { memberId: '', generation: -1, instanceId: null };

/**
 * Remembers the coordinator of a group (or, by its `kind`, of a transactional id, which is then the `groupId`), and looks it up
 * again when it is not the one any more. A member needs a connection of
 * its own to it: joining may take as long as the slowest member, and nothing behind it on the same connection is answered.
 */
export class Coordinator {
  readonly client: KafkaClient;
  readonly groupId: string;
  readonly #isDedicated: boolean;
  readonly #kind: CoordinatorKind;
  readonly #retryContext: RetryContext;
  #nodeId: number | undefined;
  #dedicated: Connection | undefined;

  constructor(
    client: KafkaClient,
    groupId: string,
    { dedicated = false, kind = 'group' }: { readonly dedicated?: boolean; readonly kind?: CoordinatorKind } = {},
  ) {
    this.client = client;
    this.groupId = groupId;
    this.#isDedicated = dedicated;
    this.#kind = kind;
    // The end of a transaction takes a few milliseconds after it was answered: what comes next is refused until then.
    const { clock, random, signal } = client;
    this.#retryContext = kind === 'group' ? client : { clock, random, signal, firstDelayMs: 10 };
  }

  /** Runs an action with a connection to the coordinator, again while the coordinator moves, loads or is away. */
  call<T>(action: (connection: Connection) => Promise<T>, timeoutMs = this.client.requestTimeoutMs): Promise<T> {
    return retry(
      this.#retryContext,
      timeoutMs,
      async () => action(await this.#connection()),
      (error) => {
        const kafkaError = kafkaErrorOf(error);
        if (kafkaError !== undefined && passing.has(kafkaError)) return;
        this.#nodeId = undefined;
        this.close();
      },
    );
  }

  /** Lets go of the connection of its own. */
  close(): void {
    this.#dedicated?.close();
    this.#dedicated = undefined;
  }

  async #connection(): Promise<Connection> {
    if (this.#dedicated?.isOpen) return this.#dedicated;
    this.#nodeId ??= await findCoordinator(this.client, this.groupId, this.#kind);
    if (!this.#isDedicated) return this.client.connection(this.#nodeId);
    const opened = await this.client.dedicatedConnection(this.#nodeId);
    this.#dedicated?.close();
    this.#dedicated = opened;
    return opened;
  }
}

/**
 * Writes offsets of a group.
 * @throws {MillraceError} KAFKA_FENCED if the identity is not of the current generation, KAFKA_REQUEST_REFUSED, KAFKA_BROKER_UNAVAILABLE.
 */
export async function commitOffsets(coordinator: Coordinator, offsets: readonly PartitionOffset[], identity = nobody): Promise<void> {
  if (offsets.length === 0) return;
  const { groupId } = coordinator;
  await coordinator.call(async (connection) => {
    const response = await connection.request(apis.offsetCommit, {
      groupId,
      generationIdOrMemberEpoch: identity.generation,
      memberId: identity.memberId,
      groupInstanceId: identity.instanceId,
      topics: byTopic(offsets).map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset, metadata = '' }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: metadata,
        })),
      })),
    });
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        checkCode(errorCode, `OffsetCommit of group "${groupId}" for ${name}[${partitionIndex}]`, {
          groupId,
          topic: name,
          partition: partitionIndex,
        });
      }
    }
  });
}

/**
 * The committed offsets of a group.
 * @param partitions those that are asked for; null asks for all.
 * @returns those that have one.
 * @throws {MillraceError} KAFKA_REQUEST_REFUSED, KAFKA_BROKER_UNAVAILABLE
 */
export function fetchOffsets(coordinator: Coordinator, partitions: readonly TopicPartition[] | null): Promise<PartitionOffset[]> {
  const { groupId } = coordinator;
  const topics = partitions && byTopic(partitions).map(([name, of]) => ({ name, partitionIndexes: of.map(({ partition }) => partition) }));
  return coordinator.call(async (connection) => {
    const response = await connection.request(apis.offsetFetch, (version) =>
      version >= 8 ? { groups: [{ groupId, topics }], requireStable: true } : { groupId, topics, requireStable: true },
    );
    const group = response.groups[0] ?? response;
    checkCode(group.errorCode, `OffsetFetch of group "${groupId}"`, { groupId });
    const found: PartitionOffset[] = [];
    for (const { name, partitions: of } of group.topics) {
      for (const { partitionIndex, committedOffset, metadata, errorCode } of of) {
        checkCode(errorCode, `OffsetFetch of group "${groupId}" for ${name}[${partitionIndex}]`, {
          groupId,
          topic: name,
          partition: partitionIndex,
        });
        if (committedOffset < 0) continue;
        const committed = { topic: name, partition: partitionIndex, offset: committedOffset };
        found.push(metadata ? { ...committed, metadata } : committed);
      }
    }
    return found;
  });
}
