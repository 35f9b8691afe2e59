import type { Random } from '@millrace/core';
import type { PartitionLogPorts } from '../log/partition-log.ts';
import { Partition } from './partition.ts';
import { type EffectiveTopicConfig, effectiveTopicConfig, type TopicConfigOverrides } from './topic-config.ts';
import { type StoredTopic, TopicStore } from './topic-store.ts';

/** One topic with its partitions, the index being the partition's number. */
export class Topic {
  readonly id: string;
  readonly name: string;
  /** How many nodes would lead its partitions. */
  readonly replicationFactor: number;
  readonly partitions: Partition[] = [];
  readonly #defaults: TopicConfigOverrides;
  #configs: TopicConfigOverrides;
  #effective: EffectiveTopicConfig;

  constructor(stored: StoredTopic, defaults: TopicConfigOverrides) {
    this.id = stored.id;
    this.name = stored.name;
    this.replicationFactor = stored.replicationFactor ?? 1;
    this.#defaults = defaults;
    this.#configs = stored.configs;
    this.#effective = effectiveTopicConfig(stored.configs, defaults);
  }

  /** What was asked for, by name. */
  get configs(): TopicConfigOverrides {
    return this.#configs;
  }

  /** Takes effect at once. */
  set configs(configs: TopicConfigOverrides) {
    this.#configs = configs;
    this.#effective = effectiveTopicConfig(configs, this.#defaults);
  }

  /** What is in force. */
  get effective(): EffectiveTopicConfig {
    return this.#effective;
  }
}

export interface TopicsOptions {
  readonly directory: string;
  /** Configuration of topics that do not say otherwise. */
  readonly defaults: TopicConfigOverrides;
  readonly producerExpirationMs: number;
  /** How many replicas of a partition are in sync; one if left out. */
  readonly inSyncReplicas?: (topic: Topic, partition: Partition) => number;
}

/** The topics of the broker, by name and by id. Names and configurations are checked by whoever calls. */
export class Topics {
  readonly defaults: TopicConfigOverrides;
  readonly #ports: PartitionLogPorts;
  readonly #random: Random;
  readonly #options: TopicsOptions;
  readonly #store: TopicStore;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();

  constructor(ports: PartitionLogPorts & { readonly random: Random }, options: TopicsOptions) {
    this.defaults = options.defaults;
    this.#ports = ports;
    this.#random = ports.random;
    this.#options = options;
    this.#store = new TopicStore(ports.disk, options.directory);
  }

  /** Loads and recovers every topic. @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DISK_IO */
  open(): void {
    for (const stored of this.#store.load()) this.#add(stored);
  }

  /** In order of name. */
  list(): Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  partition(name: string, index: number): Partition | undefined {
    return this.#byName.get(name)?.partitions[index];
  }

  /** @throws {MillraceError} DISK_FULL, DISK_IO; then there is no such topic. */
  create(name: string, partitionCount: number, configs: TopicConfigOverrides, replicationFactor = 1): Topic {
    const stored = { id: this.#random.uuid(), name, partitionCount, replicationFactor, configs };
    this.#store.save(stored);
    try {
      return this.#add(stored);
    } catch (failure) {
      this.#store.remove(stored.id);
      throw failure;
    }
  }

  /** Adds partitions up to `partitionCount`. @throws {MillraceError} DISK_FULL, DISK_IO; then there are as many as before. */
  grow(topic: Topic, partitionCount: number): void {
    const before = topic.partitions.length;
    this.#openPartitions(topic, partitionCount);
    try {
      this.#save(topic, partitionCount, topic.configs);
    } catch (failure) {
      dropPartitions(topic, before);
      throw failure;
    }
  }

  /** Replaces what was asked for of the configuration. @throws {MillraceError} DISK_FULL, DISK_IO; then it is as before. */
  alter(topic: Topic, configs: TopicConfigOverrides): void {
    this.#save(topic, topic.partitions.length, configs);
    topic.configs = configs;
  }

  delete(topic: Topic): void {
    for (const partition of topic.partitions) partition.abandon();
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    this.#store.remove(topic.id);
  }

  async close(): Promise<void> {
    const partitions = this.list().flatMap((topic) => topic.partitions);
    await Promise.all(partitions.map((partition) => partition.close()));
  }

  /** Lets every file go without writing, as the end of the process would. */
  abandon(): void {
    for (const topic of this.list()) for (const partition of topic.partitions) partition.abandon();
  }

  #save({ id, name, replicationFactor }: Topic, partitionCount: number, configs: TopicConfigOverrides): void {
    this.#store.save({ id, name, partitionCount, replicationFactor, configs });
  }

  #add(stored: StoredTopic): Topic {
    const topic = new Topic(stored, this.#options.defaults);
    this.#openPartitions(topic, stored.partitionCount);
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    return topic;
  }

  /** Opens all of them, or none. */
  #openPartitions(topic: Topic, partitionCount: number): void {
    const before = topic.partitions.length;
    try {
      for (let index = before; index < partitionCount; index++) this.#openPartition(topic, index);
    } catch (failure) {
      dropPartitions(topic, before);
      throw failure;
    }
  }

  #openPartition(topic: Topic, index: number): void {
    const place = { topic: topic.name, index, directory: this.#store.partitionDirectory(topic.id, index) };
    const { producerExpirationMs, inSyncReplicas } = this.#options;
    // As in Kafka, what a topic demands beyond the replicas that it has is not demanded.
    const lacksReplicas = (partition: Partition) => {
      const needed = Math.min(topic.effective.minInsyncReplicas, topic.replicationFactor);
      return needed > 1 && (inSyncReplicas?.(topic, partition) ?? 1) < needed;
    };
    topic.partitions.push(new Partition(place, this.#ports, () => topic.effective, producerExpirationMs, lacksReplicas));
  }
}

function dropPartitions(topic: Topic, countKept: number): void {
  for (const partition of topic.partitions.splice(countKept)) partition.abandon();
}
