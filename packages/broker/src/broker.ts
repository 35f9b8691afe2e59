import {
  type Clock,
  type Disk,
  type Logger,
  MillraceError,
  type Random,
  silentLogger,
  systemClock,
  systemDisk,
  systemRandom,
} from '@millrace/core';
import { type BrokerConfig, brokerConfigs } from './broker-configs.ts';
import { type BrokerOptions, settleOptions } from './broker-options.ts';
import { Cluster, type Coordinated, type NodeAddress } from './cluster/cluster.ts';
import { DataDirectory } from './data-directory.ts';
import { GroupCoordinator } from './group/group-coordinator.ts';
import type { Services } from './handlers/handler.ts';
import { ProducerIds } from './producer/producer-ids.ts';
import { Credentials } from './security/credentials.ts';
import { openSasl, warnOfOpenDoor } from './security/open-sasl.ts';
import { BufferPool } from './server/buffer-pool.ts';
import { type Intercept, type InterceptionRule, Interceptions, interceptBy } from './server/interception.ts';
import { Listener, type Network } from './server/listener.ts';
import { type NodeSettings, Nodes } from './server/nodes.ts';
import { requestRouter } from './server/request-router.ts';
import { Housekeeping } from './topic/housekeeping.ts';
import type { Partition } from './topic/partition.ts';
import { refuseTopicConfig, type TopicConfigOverrides } from './topic/topic-config.ts';
import { Topics } from './topic/topics.ts';
import { TransactionCoordinator } from './transaction/transaction-coordinator.ts';

/** What a broker needs of the world. */
export interface BrokerPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** That of `node:net` where left out. */
  readonly network?: Network;
}

const coordinatorSegmentBytes = 64 * 1024 * 1024;

/**
 * The embedded broker: one node, or a few virtual ones, that speaks Kafka's protocol over TCP and keeps what it acknowledged.
 *
 * Promise: an acknowledged record survives the end of the process; it survives a loss of power under `flushMessages: 1`
 * (`flushMs` bounds what can be lost otherwise). Reads and writes of files are synchronous, so it is given a thread of its own
 * by {@link startBroker}; tests and simulation use the class in their own.
 */
export class Broker {
  readonly #options: ReturnType<typeof settleOptions>;
  readonly #ports: BrokerPorts;
  readonly #interceptions = new Interceptions();
  readonly #pool: BufferPool;
  #directory: DataDirectory | undefined;
  #topics: Topics | undefined;
  #groups: GroupCoordinator | undefined;
  #transactions: TransactionCoordinator | undefined;
  #housekeeping: Housekeeping | undefined;
  #cluster: Cluster | undefined;
  #nodes: Nodes | undefined;

  /** @param ports the machine's own where left out. @throws {MillraceError} CONFIG_INVALID */
  constructor(options: BrokerOptions, ports: Partial<BrokerPorts> = {}) {
    this.#options = settleOptions(options);
    this.#pool = new BufferPool(this.#options.fetchMemoryMax);
    this.#ports = { disk: systemDisk, clock: systemClock, random: systemRandom, logger: silentLogger, ...ports };
  }

  get host(): string {
    return this.#options.host;
  }

  /** The port listened on, once open; that of the first node if there are several. */
  get port(): number {
    return this.#nodes?.portOf(this.#options.nodeId) ?? 0;
  }

  /** The nodes that are up, in order of their ids, as clients are told them. */
  get nodes(): readonly NodeAddress[] {
    return this.#cluster?.addresses ?? [];
  }

  /** `host:port`, once open. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get connectionCount(): number {
    return this.#nodes?.connectionCount ?? 0;
  }

  /**
   * Recovers what is on disk and begins to listen. After a failure everything is let go again.
   * @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DIRECTORY_LOCKED, LISTEN_FAILED, DISK_FULL, DISK_IO, CONFIG_INVALID
   */
  async open(): Promise<void> {
    const { disk, random, logger, clock } = this.#ports;
    const startedMs = clock.monotonic();
    this.#directory = DataDirectory.open(this.#options.dataDirectory, disk, random);
    try {
      const services = await this.#openServices(this.#directory);
      this.#nodes = new Nodes(services.cluster, this.#nodeSettings(), (nodeId, port) => this.#listenerOf(nodeId, port, services));
      await this.#nodes.open();
    } catch (failure) {
      await this.#closeStores();
      throw failure;
    }
    warnOfOpenDoor(this.#options, logger);
    logger.info({ address: this.address, openMs: Math.round(clock.monotonic() - startedMs) }, 'broker is listening');
  }

  /**
   * Lets tests stand between clients and the broker: to answer with an error, to delay, to cut a connection. Of several interceptors the
   * first one that says something counts. May be called before {@link open}.
   * @returns what takes the interceptor away again.
   */
  intercept(interceptor: Intercept | InterceptionRule): () => void {
    return this.#interceptions.add(typeof interceptor === 'function' ? interceptor : interceptBy(interceptor));
  }

  /** The node that leads a partition, −1 for none. @throws {MillraceError} BROKER_CLUSTER_INVALID */
  leaderOf(topic: string, partition: number): number {
    return this.#opened.leaderOf(this.#partition(topic, partition));
  }

  /**
   * Makes a node the leader of a partition, in the partition's next leader epoch; whoever waits for records at the old one is told.
   * @throws {MillraceError} BROKER_CLUSTER_INVALID if there is no such partition or node, or the node is down; DISK_FULL, DISK_IO
   */
  moveLeader(topic: string, partition: number, nodeId: number): void {
    this.#opened.moveLeader(this.#partition(topic, partition), this.#up(nodeId));
  }

  /** The node that coordinates a group or a transactional id, whether it exists or not; undefined if none is up. */
  coordinatorOf(kind: Coordinated, name: string): number | undefined {
    return this.#opened.coordinatorOf(kind, name)?.nodeId;
  }

  /**
   * Makes a node the coordinator of a group or a transactional id, until the broker is closed. Who waits for a rebalance at the old one is told
   * NOT_COORDINATOR; the members of a group keep their generation.
   * @throws {MillraceError} BROKER_CLUSTER_INVALID
   */
  moveCoordinator(kind: Coordinated, name: string, nodeId: number): void {
    this.#opened.moveCoordinator(kind, name, this.#up(nodeId));
  }

  /**
   * Lets a node go down: its port and connections are closed. What it led goes to the next replica, or has no leader until the node comes
   * back if there is no other (replication factor 1); what it coordinated goes to the next node. Nothing if it is down already.
   * @throws {MillraceError} BROKER_CLUSTER_INVALID, DISK_FULL, DISK_IO
   */
  stopNode(nodeId: number): Promise<void> {
    return this.#nodes!.stop(this.#known(nodeId));
  }

  /** Lets a node come back on its port. @throws {MillraceError} BROKER_CLUSTER_INVALID, LISTEN_FAILED, DISK_FULL, DISK_IO */
  startNode(nodeId: number): Promise<void> {
    return this.#nodes!.start(this.#known(nodeId));
  }

  /** Ends every connection and leaves the directory so that the next start has nothing to check. */
  async close(): Promise<void> {
    await this.#nodes?.close();
    await this.#closeStores();
  }

  /** Stops without writing anything more, as the end of the process would: for tests of recovery. */
  async abandon(): Promise<void> {
    this.#housekeeping?.stop();
    this.#transactions?.abandon();
    this.#topics?.abandon();
    this.#groups?.abandon();
    this.#directory?.abandon();
    await this.#nodes?.close();
  }

  async #closeStores(): Promise<void> {
    this.#housekeeping?.stop();
    try {
      await this.#transactions?.close();
      await this.#topics?.close();
      await this.#groups?.close();
    } finally {
      this.#directory?.close();
      this.#directory = undefined;
    }
  }

  async #openServices(directory: DataDirectory): Promise<Services> {
    const { clock, logger, disk } = this.#ports;
    const options = this.#options;
    const defaults = topicDefaults(options);
    this.#topics = new Topics(this.#ports, {
      directory: `${directory.path}/topics`,
      defaults,
      producerExpirationMs: options.producerExpirationMs,
      inSyncReplicas: (topic, partition) => this.#opened.inSyncReplicasOf(topic, partition).length,
    });
    this.#topics.open();
    this.#housekeeping = new Housekeeping(this.#topics, this.#ports, options);
    this.#housekeeping.start();
    const logSettings = {
      segmentBytes: coordinatorSegmentBytes,
      segmentMs: Number.POSITIVE_INFINITY,
      flushMessages: options.flushMessages,
      flushMs: options.flushMs,
    };
    this.#groups = new GroupCoordinator(this.#ports, {
      directory: `${directory.path}/groups`,
      logSettings,
      sessionTimeoutMinMs: options.groupSessionTimeoutMinMs,
      sessionTimeoutMaxMs: options.groupSessionTimeoutMaxMs,
      initialRebalanceDelayMs: options.groupInitialRebalanceDelayMs,
      offsetsRetentionMs: options.offsetsRetentionMs,
    });
    this.#groups.open();
    const producerIds = new ProducerIds(disk, directory.path);
    const credentials = Credentials.open(disk, directory.path);
    const sasl = options.sasl && (await openSasl(options.sasl, credentials, this.#ports));
    const parts = { topics: this.#topics, groups: this.#groups, producerIds };
    this.#transactions = new TransactionCoordinator(
      this.#ports,
      {
        directory: `${directory.path}/transactions`,
        logSettings,
        timeoutMaxMs: options.transactionTimeoutMaxMs,
        idExpirationMs: options.transactionalIdExpirationMs,
      },
      parts,
    );
    await this.#transactions.open();
    this.#cluster = new Cluster(directory.clusterId, this.#nodeIds(), this.#topics, this.#groups);
    return {
      cluster: this.#cluster,
      nodeId: options.nodeId,
      ...parts,
      transactions: this.#transactions,
      credentials,
      sasl,
      clock,
      logger,
      autoCreateTopics: options.autoCreateTopics,
      defaultPartitions: options.defaultPartitions,
      defaultReplicationFactor: options.virtualBrokers,
      partitionsMax: options.partitionsMax,
      fetchBytesMax: options.fetchBytesMax,
      brokerConfigs: () => this.#configsOf(options.nodeId, defaults),
    };
  }

  #listenerOf(nodeId: number, port: number, services: Services): Listener {
    const { logger, network, clock } = this.#ports;
    const brokerConfigs = () => this.#configsOf(nodeId, services.topics.defaults);
    const router = requestRouter({ ...services, nodeId, brokerConfigs }, this.#interceptions);
    const { connectionIdleMaxMs: idleMaxMs } = this.#options;
    return new Listener({ ...this.#options, port, network, clock, idleMaxMs, pool: this.#pool }, router, logger, services.sasl);
  }

  #configsOf(nodeId: number, defaults: TopicConfigOverrides): BrokerConfig[] {
    const address = this.nodes.find((node) => node.nodeId === nodeId);
    return brokerConfigs(this.#options, defaults, nodeId, address);
  }

  #nodeIds(): number[] {
    const { nodeId, virtualBrokers } = this.#options;
    return Array.from({ length: virtualBrokers }, (_, i) => nodeId + i);
  }

  #nodeSettings(): NodeSettings[] {
    const { host, port, advertisedHost, advertisedPort } = this.#options;
    return this.#nodeIds().map((nodeId, i) => ({
      nodeId,
      host,
      port: port === 0 ? 0 : port + i,
      advertisedHost,
      advertisedPort: advertisedPort && advertisedPort + i,
    }));
  }

  get #opened(): Cluster {
    return this.#cluster ?? fail('the broker is not open');
  }

  #partition(topic: string, index: number): Partition {
    return this.#topics?.partition(topic, index) ?? fail(`there is no partition ${index} of ${topic}`);
  }

  #known(nodeId: number): number {
    const { nodes } = this.#opened;
    return nodes.includes(nodeId) ? nodeId : fail(`there is no node ${nodeId}; the nodes are ${nodes.join(', ')}`);
  }

  #up(nodeId: number): number {
    return this.#opened.isUp(this.#known(nodeId)) ? nodeId : fail(`node ${nodeId} is down`);
  }
}

function fail(what: string): never {
  throw new MillraceError('BROKER_CLUSTER_INVALID', what);
}

/** Unlike Kafka's, a topic that does not say otherwise keeps everything. */
function topicDefaults(options: ReturnType<typeof settleOptions>): TopicConfigOverrides {
  const defaults: Record<string, string> = { 'retention.ms': '-1' };
  if (Number.isFinite(options.flushMessages)) defaults['flush.messages'] = String(options.flushMessages);
  if (Number.isFinite(options.flushMs)) defaults['flush.ms'] = String(options.flushMs);
  for (const [name, value] of Object.entries(options.topicDefaults)) {
    const reason = refuseTopicConfig(name, value);
    if (reason !== undefined) throw new MillraceError('CONFIG_INVALID', reason, { details: { name, value } });
    defaults[name] = value;
  }
  return defaults;
}
