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
import { type BrokerOptions, settleOptions } from './broker-options.ts';
import { DataDirectory } from './data-directory.ts';
import { GroupCoordinator } from './group/group-coordinator.ts';
import type { ClusterView, Services } from './handlers/handler.ts';
import { ProducerIds } from './producer/producer-ids.ts';
import { type Intercept, type InterceptionRule, Interceptions, interceptBy } from './server/interception.ts';
import { Listener } from './server/listener.ts';
import { requestRouter } from './server/request-router.ts';
import { Housekeeping } from './topic/housekeeping.ts';
import { refuseTopicConfig, type TopicConfigOverrides } from './topic/topic-config.ts';
import { Topics } from './topic/topics.ts';
import { TransactionCoordinator } from './transaction/transaction-coordinator.ts';

/** What a broker needs of the world. */
export interface BrokerPorts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const coordinatorSegmentBytes = 64 * 1024 * 1024;

/**
 * The embedded broker: one node that speaks Kafka's protocol over TCP and keeps what it acknowledged.
 *
 * Promise: an acknowledged record survives the end of the process; it survives a loss of power under `flushMessages: 1`
 * (`flushMs` bounds what can be lost otherwise). Reads and writes of files are synchronous, so it is given a thread of its own
 * by {@link startBroker}; tests and simulation use the class in their own.
 */
export class Broker {
  readonly #options: ReturnType<typeof settleOptions>;
  readonly #ports: BrokerPorts;
  readonly #interceptions = new Interceptions();
  #directory: DataDirectory | undefined;
  #topics: Topics | undefined;
  #groups: GroupCoordinator | undefined;
  #transactions: TransactionCoordinator | undefined;
  #housekeeping: Housekeeping | undefined;
  #listener: Listener | undefined;
  #port = 0;

  /** @param ports the machine's own where left out. @throws {MillraceError} CONFIG_INVALID */
  constructor(options: BrokerOptions, ports: Partial<BrokerPorts> = {}) {
    this.#options = settleOptions(options);
    this.#ports = { disk: systemDisk, clock: systemClock, random: systemRandom, logger: silentLogger, ...ports };
  }

  get host(): string {
    return this.#options.host;
  }

  /** The port listened on, once open. */
  get port(): number {
    return this.#port;
  }

  /** `host:port`, once open. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get connectionCount(): number {
    return this.#listener?.connectionCount ?? 0;
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
      this.#listener = new Listener(this.#options, requestRouter(services, this.#interceptions), logger);
      this.#port = await this.#listener.open();
    } catch (failure) {
      await this.#closeStores();
      throw failure;
    }
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

  /** Ends every connection and leaves the directory so that the next start has nothing to check. */
  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#closeStores();
  }

  /** Stops without writing anything more, as the end of the process would: for tests of recovery. */
  async abandon(): Promise<void> {
    this.#housekeeping?.stop();
    this.#transactions?.abandon();
    this.#topics?.abandon();
    this.#groups?.abandon();
    this.#directory?.abandon();
    await this.#listener?.close();
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
    return {
      cluster: () => this.#cluster(directory.clusterId),
      ...parts,
      transactions: this.#transactions,
      clock,
      logger,
      autoCreateTopics: options.autoCreateTopics,
      defaultPartitions: options.defaultPartitions,
      partitionsMax: options.partitionsMax,
      fetchBytesMax: options.fetchBytesMax,
      brokerConfigs: brokerConfigs(options, defaults),
    };
  }

  #cluster(clusterId: string): ClusterView {
    const { nodeId, advertisedHost, advertisedPort } = this.#options;
    return { clusterId, nodeId, host: advertisedHost ?? this.host, port: advertisedPort ?? this.port };
  }
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

/** What DescribeConfigs tells of the broker, by Kafka's names. */
function brokerConfigs(options: ReturnType<typeof settleOptions>, defaults: TopicConfigOverrides): ReadonlyMap<string, string> {
  return new Map(
    Object.entries({
      'advertised.listeners': `PLAINTEXT://${options.advertisedHost ?? options.host}:${options.advertisedPort ?? options.port}`,
      'auto.create.topics.enable': String(options.autoCreateTopics),
      'broker.id': String(options.nodeId),
      'connections.max': String(options.connectionsMax),
      'default.replication.factor': '1',
      'fetch.max.bytes': String(options.fetchBytesMax),
      'group.initial.rebalance.delay.ms': String(options.groupInitialRebalanceDelayMs),
      'group.max.session.timeout.ms': String(options.groupSessionTimeoutMaxMs),
      'group.min.session.timeout.ms': String(options.groupSessionTimeoutMinMs),
      listeners: `PLAINTEXT://${options.host}:${options.port}`,
      'log.dirs': options.dataDirectory,
      'log.cleaner.backoff.ms': String(options.compactionCheckMs),
      'log.retention.check.interval.ms': String(options.retentionCheckMs),
      'log.retention.ms': defaults['retention.ms']!,
      'node.id': String(options.nodeId),
      'num.partitions': String(options.defaultPartitions),
      'offsets.retention.minutes': String(Math.round(options.offsetsRetentionMs / 60_000)),
      'producer.id.expiration.ms': String(options.producerExpirationMs),
      'socket.request.max.bytes': String(options.requestBytesMax),
      'transaction.max.timeout.ms': String(options.transactionTimeoutMaxMs),
      'transactional.id.expiration.ms': String(options.transactionalIdExpirationMs),
    }),
  );
}
