import { type KafkaErrorName, partitionForKey } from '@millrace/kafka-protocol';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { Partition } from '../topic/partition.ts';
import type { Topic, Topics } from '../topic/topics.ts';

/** A node as clients are to reach it. */
export interface NodeAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** What a coordinator looks after. */
export type Coordinated = 'group' | 'transaction';

/** No node. */
export const nobody = -1;

/**
 * The nodes of the cluster: one, or several that share this process and its data. Who leads which partition, who coordinates what, and who is
 * up. Nothing is copied between nodes; what they differ in is what they answer for, as clients see it in a cluster of brokers.
 *
 * Leaders are spread over the nodes and stay where they are until moved, through restarts too. When a node goes down its partitions get
 * the next replica that is up as their leader, and none where there is no other; when it comes back it leads what has no leader.
 * Coordinators are spread by the name of what they coordinate; those of a node that is down are found on the next one.
 */
export class Cluster {
  readonly clusterId: string;
  readonly #topics: Topics;
  readonly #groups: GroupCoordinator;
  readonly #nodes: readonly number[];
  readonly #addresses = new Map<number, NodeAddress>();
  readonly #moved = new Map<string, number>();

  /** @param nodes ids, at least one; a node is up once it has an address. */
  constructor(clusterId: string, nodes: readonly number[], topics: Topics, groups: GroupCoordinator) {
    this.clusterId = clusterId;
    this.#nodes = nodes;
    this.#topics = topics;
    this.#groups = groups;
  }

  /** Ids of all nodes. */
  get nodes(): readonly number[] {
    return this.#nodes;
  }

  /** The nodes that are up, in order of their ids. */
  get addresses(): readonly NodeAddress[] {
    return this.#nodes.flatMap((nodeId) => this.#addresses.get(nodeId) ?? []);
  }

  /** The first node that is up. */
  get controllerId(): number {
    return this.addresses[0]?.nodeId ?? nobody;
  }

  isUp(nodeId: number): boolean {
    return this.#addresses.has(nodeId);
  }

  /** The nodes are up: partitions without a leader get one. @throws {MillraceError} DISK_FULL, DISK_IO */
  setUp(...addresses: readonly NodeAddress[]): void {
    this.#changeCoordinators(() => {
      for (const address of addresses) this.#addresses.set(address.nodeId, address);
    });
    for (const { topic, partition } of this.#partitions()) {
      const hasLeader = this.#nodes.includes(this.leaderOf(partition));
      const [heir] = hasLeader ? [] : this.inSyncReplicasOf(topic, partition);
      if (heir !== undefined) partition.lead(heir);
    }
  }

  /** The node is down: others lead and coordinate what it did. @throws {MillraceError} DISK_FULL, DISK_IO */
  setDown(nodeId: number): void {
    this.#changeCoordinators(() => this.#addresses.delete(nodeId));
    for (const { topic, partition } of this.#partitions()) {
      if (this.leaderOf(partition) !== nodeId) continue;
      partition.lead(this.inSyncReplicasOf(topic, partition)[0] ?? nobody);
    }
  }

  /** The node that leads a partition, or {@link nobody}. */
  leaderOf(partition: Partition): number {
    return partition.leaderId ?? this.#preferred(partition);
  }

  /** Leader and epoch, as answers tell them to who asked another node. @see KIP-951 */
  leadershipOf(partition: Partition) {
    return { leaderId: this.leaderOf(partition), leaderEpoch: partition.leaderEpoch };
  }

  /** The nodes that would lead a partition, the preferred first; its leader is always one of them. */
  replicasOf({ replicationFactor }: Topic, partition: Partition): readonly number[] {
    const replicas = this.#ring(this.#preferred(partition)).slice(0, replicationFactor);
    const leader = this.leaderOf(partition);
    if (!this.#nodes.includes(leader) || replicas.includes(leader)) return replicas;
    return [leader, ...replicas.slice(0, -1)];
  }

  /** The replicas that are up. */
  inSyncReplicasOf(topic: Topic, partition: Partition): readonly number[] {
    return this.replicasOf(topic, partition).filter((replica) => this.isUp(replica));
  }

  /**
   * Why a node does not answer for a partition, or undefined.
   * @param currentEpoch the leader epoch that the client knows; −1 if it does not say.
   * @see KIP-320
   */
  refuseLeader(nodeId: number, partition: Partition, currentEpoch = -1): KafkaErrorName | undefined {
    if (currentEpoch >= 0 && currentEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    if (currentEpoch > partition.leaderEpoch) return 'UNKNOWN_LEADER_EPOCH';
    return this.leaderOf(partition) === nodeId ? undefined : 'NOT_LEADER_OR_FOLLOWER';
  }

  /** Makes a node the leader of a partition, in its next epoch. @throws {MillraceError} DISK_FULL, DISK_IO */
  moveLeader(partition: Partition, nodeId: number): void {
    if (this.leaderOf(partition) !== nodeId) partition.lead(nodeId);
  }

  /** The node that coordinates a group or a transactional id; undefined if none is up. */
  coordinatorOf(kind: Coordinated, name: string): NodeAddress | undefined {
    const first = this.#moved.get(`${kind} ${name}`) ?? this.#nodes[partitionForKey(Buffer.from(name), this.#nodes.length)]!;
    const nodeId = this.#ring(first).find((candidate) => this.isUp(candidate));
    return nodeId === undefined ? undefined : this.#addresses.get(nodeId);
  }

  isCoordinator(nodeId: number, kind: Coordinated, name: string): boolean {
    return this.#nodes.length === 1 || this.coordinatorOf(kind, name)?.nodeId === nodeId;
  }

  /** Makes a node the coordinator of a group or a transactional id, until the restart. */
  moveCoordinator(kind: Coordinated, name: string, nodeId: number): void {
    this.#changeCoordinators(() => this.#moved.set(`${kind} ${name}`, nodeId));
  }

  /** A coordinator that is new knows of a group what is written down; whoever waits at the old one is told to look for it. */
  #changeCoordinators(change: () => void): void {
    const groups = this.#groups.list().map(({ id }) => ({ id, before: this.coordinatorOf('group', id)?.nodeId }));
    change();
    for (const { id, before } of groups) {
      if (before !== undefined && this.coordinatorOf('group', id)?.nodeId !== before) this.#groups.reload(id);
    }
  }

  #preferred({ topic, index }: Partition): number {
    const first = partitionForKey(Buffer.from(topic), this.#nodes.length);
    return this.#nodes[(first + index) % this.#nodes.length]!;
  }

  /** All nodes, beginning with one. */
  #ring(first: number): readonly number[] {
    const at = Math.max(0, this.#nodes.indexOf(first));
    return [...this.#nodes.slice(at), ...this.#nodes.slice(0, at)];
  }

  *#partitions() {
    for (const topic of this.#topics.list()) for (const partition of topic.partitions) yield { topic, partition };
  }
}
