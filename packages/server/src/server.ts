import { type BrokerOptions, type EmbeddedBroker, startBroker } from '@millrace/broker';
import { openCatalog } from '@millrace/catalog';
import {
  type BootTime,
  type Clock,
  Lifecycle,
  type Logger,
  MillraceError,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@millrace/core';
import { zone } from '@millrace/data';
import { type ClusterOptions, createAdmin, KafkaClient, openProducer } from '@millrace/kafka-client';
import { type EngineOptions, QueryEngine } from '@millrace/runtime';
import { ClusterCatalogLog } from './cluster/cluster-catalog-log.ts';
import { KafkaSharedTopic } from './cluster/kafka-shared-topic.ts';
import { Parts } from './composition/token.ts';
import { tokens } from './composition/tokens.ts';
import { clusterOptions, securityWarnings } from './configuration/cluster-options.ts';
import type { Configuration } from './configuration/configuration.ts';
import { embeddedBrokerOptions, withOwnAccess } from './configuration/embedded-broker-options.ts';
import type { ConfigurationValues } from './configuration/keys.ts';
import { DataDirectory } from './data-directory.ts';
import { TopicLimits } from './insert/topic-limits.ts';
import { Pipes } from './pipes/pipes.ts';
import { QueryRegistry } from './queries/query-registry.ts';
import type { Services } from './statements/services.ts';
import { ExchangeCleaner } from './views/exchange-cleaner.ts';
import { viewRequests } from './views/plan-definition.ts';
import { instanceIdOf } from './views/view-group.ts';
import { type ViewRecord, ViewRegistry } from './views/view-registry.ts';
import { ViewSnapshots } from './views/view-snapshots.ts';

/** What a server takes of its surroundings. */
export interface ServerPorts {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How queries are run; by default in worker threads. */
  readonly engine?: Pick<EngineOptions, 'inProcess' | 'workers'>;
}

/** A server that answers. */
export interface MillraceServer {
  /** Of the HTTP interface, e.g. `http://127.0.0.1:3218`. */
  readonly url: string;
  /** `host:port` of the Kafka brokers that it works with. */
  readonly brokers: readonly string[];
  /** The first of them. */
  readonly kafkaAddress: string;
  readonly isBrokerEmbedded: boolean;
  /** How long each part took to open, in order. */
  readonly bootTimes: readonly BootTime[];
  /** Ends the queries, each with a message to its client, and closes everything in reverse. May be called twice. */
  close(): Promise<void>;
}

/** See {@link createServer}, which loads this. */
export async function openServer(configuration: Configuration, ports: ServerPorts = {}): Promise<MillraceServer> {
  const clock = ports.clock ?? systemClock;
  const logger = ports.logger ?? silentLogger;
  const lifecycle = new Lifecycle(clock);
  const root = new Root(configuration.values, { ...ports, clock, logger, random: ports.random ?? systemRandom }, lifecycle);
  await root.open();
  logger.info(
    { boot: Object.fromEntries(lifecycle.bootTimes.map(({ name, openMs }) => [name, Math.round(openMs)])) },
    `listening on ${root.url}`,
  );
  let closing: Promise<void> | undefined;
  return {
    url: root.url,
    brokers: root.brokers,
    kafkaAddress: root.brokers[0]!,
    isBrokerEmbedded: root.isBrokerEmbedded,
    bootTimes: lifecycle.bootTimes,
    close: () => (closing ??= lifecycle.close()),
  };
}

/** A client waits for the answer: what is not written by then is told. Topics of streams are there, or were deleted by others. */
const deliveryLimits = { deliveryTimeoutMs: 30_000, missingTimeoutMs: 2_000 };

type Ports = Required<Omit<ServerPorts, 'engine'>> & Pick<ServerPorts, 'engine'>;

/** The composition root: the only place that knows how the parts are made of each other. */
class Root {
  readonly #values: ConfigurationValues;
  readonly #ports: Ports;
  readonly #lifecycle: Lifecycle;
  readonly #parts = new Parts();
  #cluster: ClusterOptions;
  url = '';
  /** The HTTP interface and what it needs are loaded while the broker's thread starts. */
  #http: Promise<typeof import('./http/index.ts')> | undefined;

  constructor(values: ConfigurationValues, ports: Ports, lifecycle: Lifecycle) {
    this.#values = values;
    this.#ports = ports;
    this.#lifecycle = lifecycle;
    this.#cluster = clusterOptions(values);
  }

  get brokers(): readonly string[] {
    return this.#cluster.brokers;
  }

  get isBrokerEmbedded(): boolean {
    return this.#values['kafka.brokers'].length === 0;
  }

  async open(): Promise<void> {
    for (const warning of securityWarnings(this.#values)) this.#ports.logger.warn({}, warning);
    await this.#openDataDirectory();
    await this.#openCatalog();
    if (this.isBrokerEmbedded) await this.#openBroker();
    await this.#openKafka();
    await this.#openCluster();
    await this.#openEngine();
    await this.#openViews();
    await this.#openPipes();
    await this.#openHttp();
  }

  #openDataDirectory(): Promise<void> {
    let directory: DataDirectory | undefined;
    return this.#lifecycle.open({
      name: 'data directory',
      open: () => {
        directory = this.#parts.add(tokens.dataDirectory, DataDirectory.open(this.#values.data_dir, this.#ports.random));
      },
      close: () => directory?.close(),
    });
  }

  #openCatalog(): Promise<void> {
    return this.#lifecycle.open({
      name: 'catalog',
      open: async () => {
        const path = this.#parts.get(tokens.dataDirectory).catalogPath;
        this.#parts.add(tokens.catalog, await openCatalog({ path, clock: this.#ports.clock }));
      },
      close: () => this.#parts.get(tokens.catalog).close(),
    });
  }

  #openBroker(): Promise<void> {
    return this.#lifecycle.open({
      name: 'broker',
      deadlineMs: 60_000,
      open: async () => {
        const { options, cluster } = withOwnAccess(embeddedBrokerOptions(this.#values));
        const starting = this.#startBroker(options);
        this.#http = import('./http/index.ts');
        const broker = this.#parts.add(tokens.broker, await starting);
        this.#cluster = { ...cluster, brokers: [reachable(broker)] };
      },
      close: () => this.#parts.get(tokens.broker).close(),
    });
  }

  async #startBroker(options: Omit<BrokerOptions, 'dataDirectory'>): Promise<EmbeddedBroker> {
    const { brokerPath } = this.#parts.get(tokens.dataDirectory);
    try {
      return await startBroker({ ...options, dataDirectory: brokerPath }, this.#ports.logger.child({ part: 'broker' }));
    } catch (failure) {
      throw failure instanceof MillraceError && failure.code === 'LISTEN_FAILED'
        ? brokerPortTaken(failure, this.#values['broker.port'])
        : failure;
    }
  }

  #openKafka(): Promise<void> {
    return this.#lifecycle.open({
      name: 'kafka',
      open: () => {
        const logger = this.#ports.logger.child({ part: 'kafka' });
        const { clock, random } = this.#ports;
        const client = this.#parts.add(tokens.kafka, new KafkaClient({ ...this.#cluster, clientId: 'millrace', clock, random, logger }));
        this.#parts.add(tokens.admin, createAdmin({ ...this.#cluster, clientId: 'millrace-admin', logger }));
        this.#parts.add(tokens.producer, openProducer(client, deliveryLimits));
        if (!this.isBrokerEmbedded) void warnIfAway(client, logger);
      },
      close: async () => {
        await this.#parts.get(tokens.producer).close();
        await this.#parts.get(tokens.admin).close();
        await this.#parts.get(tokens.kafka).close();
      },
    });
  }

  /** From here on the catalog is what the servers of the cluster have made of it. */
  async #openCluster(): Promise<void> {
    const { cluster } = this.#values;
    const catalog = this.#parts.get(tokens.catalog);
    if (cluster === '') {
      if (catalog.cluster !== null) throw ofCluster(catalog.cluster);
      return;
    }
    const [kafka, admin] = [this.#parts.get(tokens.kafka), this.#parts.get(tokens.admin)];
    const topic = new KafkaSharedTopic(`millrace.catalog.${cluster}`, kafka, admin, this.#values['kafka.replication_factor']);
    const log = new ClusterCatalogLog({ cluster, topic, ...this.#ports, logger: this.#ports.logger.child({ part: 'cluster' }) });
    await this.#lifecycle.open({ name: 'cluster', deadlineMs: 30_000, open: () => catalog.follow(log), close: () => log.close() });
  }

  #openEngine(): Promise<void> {
    return this.#lifecycle.open({
      name: 'engine',
      open: () => {
        const { clock, random, logger, engine = {} } = this.#ports;
        this.#parts.add(tokens.engine, new QueryEngine({ clock, random, logger, ...engine }));
      },
      close: () => this.#parts.get(tokens.engine).close(),
    });
  }

  #openViews(): Promise<void> {
    let cleaner: ExchangeCleaner | undefined;
    return this.#lifecycle.open({
      name: 'views',
      open: () => {
        const { clock, random, logger } = this.#ports;
        const catalog = this.#parts.get(tokens.catalog);
        const { serverId, viewsPath } = this.#parts.get(tokens.dataDirectory);
        const snapshots = new ViewSnapshots(viewsPath);
        snapshots.keepOnly(catalog.materializedViews().map(({ id }) => id));
        const surroundings = {
          cluster: this.#cluster,
          memoryBytes: this.#values['memory.budget'],
          serverId,
          snapshotPath: (id: string) => snapshots.pathOf(id),
        };
        const views = this.#parts.add(
          tokens.views,
          new ViewRegistry({
            engine: this.#parts.get(tokens.engine),
            clock,
            logger,
            requests: (definition) =>
              viewRequests(definition, surroundings, { catalog, clock, random, timezone: this.#timezone, settings: {}, source: '' }),
            forget: ({ id }) => snapshots.remove(id),
          }),
        );
        views.follow(catalog);
        const [kafka, admin] = [this.#parts.get(tokens.kafka), this.#parts.get(tokens.admin)];
        cleaner = new ExchangeCleaner({ catalog, kafka, admin, clock, logger });
      },
      close: () => {
        cleaner?.close();
        return this.#parts.get(tokens.views).close();
      },
    });
  }

  #openPipes(): Promise<void> {
    return this.#lifecycle.open({
      name: 'pipes',
      open: () => {
        const { clock, random, logger } = this.#ports;
        const catalog = this.#parts.get(tokens.catalog);
        const { serverId, path } = this.#parts.get(tokens.dataDirectory);
        const surroundings = {
          ...this.#cluster,
          instanceId: instanceIdOf(serverId),
          // Where records of pipes come from: all servers of a cluster are one deployment.
          deployment: this.#values.cluster || serverId,
          timezone: this.#timezone,
          replicationFactor: this.#values['kafka.replication_factor'],
        };
        const pipes: Pipes = this.#parts.add(
          tokens.pipes,
          new Pipes({
            catalog,
            clock,
            logger,
            surroundings,
            isShared: this.#values.cluster !== '',
            load: async (installed) => {
              const { loadPipeParts } = await import('./pipes/pipe-parts.ts');
              const kafka = this.#parts.get(tokens.kafka);
              const inProcess = this.#ports.engine?.inProcess === true;
              return loadPipeParts({
                values: this.#values,
                dataDirectory: path,
                surroundings,
                installed,
                streams: pipes.streams(),
                kafka,
                clock,
                random,
                logger,
                inProcess,
              });
            },
          }),
        );
        pipes.open();
      },
      close: () => this.#parts.get(tokens.pipes).close(),
    });
  }

  get #timezone(): string {
    return zone(this.#values.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone).name;
  }

  #openHttp(): Promise<void> {
    let services: Services | undefined;
    return this.#lifecycle.open({
      name: 'http',
      open: async () => {
        const { createApp, listen, Metrics } = await (this.#http ?? import('./http/index.ts'));
        services = this.#services((queries) => new Metrics(queries, () => this.#viewRecords(), this.#parts.get(tokens.pipes)));
        const app = this.#parts.add(
          tokens.app,
          createApp(services, () => this.#isReady()),
        );
        const port = await listen(app.fastify, this.#values.listen, this.#values['http.port']);
        const host = this.#values.listen.includes(':') ? `[${this.#values.listen}]` : this.#values.listen;
        this.url = `http://${host}:${port}`;
      },
      close: async () => {
        // Clients are told why their queries end before their connections are closed.
        await services?.queries.endAll(new MillraceError('QUERY_CANCELLED', 'the server is shutting down'));
        const app = this.#parts.get(tokens.app);
        await app.settled();
        await app.fastify.close();
      },
    });
  }

  #services(createMetrics: (queries: QueryRegistry) => Services['metrics']): Services {
    const admin = this.#parts.get(tokens.admin);
    const queries = new QueryRegistry({
      engine: this.#parts.get(tokens.engine),
      clock: this.#ports.clock,
      cluster: this.#cluster,
      memoryBytes: this.#values['memory.budget'],
      clientStallMs: this.#values.max_client_stall,
    });
    const [catalog, kafka] = [this.#parts.get(tokens.catalog), this.#parts.get(tokens.kafka)];
    const topicLimits = new TopicLimits(admin, this.#ports.clock);
    catalog.onChange(({ name, before, after }) => {
      if (after === undefined) queries.endReadersOf(name);
      if (before === undefined || before.kind === 'view') return;
      // Another server may have deleted the topic, and made it anew.
      const topic = before.kind === 'stream' ? before.definition.topic : before.definition.stream?.topic;
      if (topic === undefined) return;
      kafka.forgetTopic(topic);
      topicLimits.forget(topic);
    });
    return {
      values: this.#values,
      timezone: this.#timezone,
      clock: this.#ports.clock,
      random: this.#ports.random,
      logger: this.#ports.logger,
      catalog,
      kafka,
      admin,
      producer: this.#parts.get(tokens.producer),
      queries,
      views: this.#parts.get(tokens.views),
      pipes: this.#parts.get(tokens.pipes),
      metrics: createMetrics(queries),
      topicLimits,
    };
  }

  #viewRecords(): Promise<readonly ViewRecord[]> {
    const [catalog, views] = [this.#parts.get(tokens.catalog), this.#parts.get(tokens.views)];
    return Promise.all(catalog.materializedViews().map((definition) => views.record(definition)));
  }

  /** True if a broker answers, and soon. */
  #isReady(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#ports.clock.setTimer(readyWithinMs, () => resolve(false));
    const asked = this.#parts.get(tokens.kafka).metadataOnce([]);
    asked.then(
      () => resolve(true),
      () => resolve(false),
    );
    return promise.finally(() => timer.cancel());
  }
}

/** A broker that takes longer to answer a question about nothing is not to be relied on. */
const readyWithinMs = 3000;

/** A server starts without its cluster and finds it later; that it is not there, or lets nobody in, is told at once. */
async function warnIfAway(client: KafkaClient, logger: Logger): Promise<void> {
  try {
    await client.metadataOnce([]);
  } catch (error) {
    if (client.signal.aborted || !(error instanceof MillraceError)) return;
    logger.warn({ code: error.code, error: error.message, hint: error.hint }, 'the Kafka cluster cannot be used yet');
  }
}

/** Who listens on all addresses is reached on the machine's own. */
function reachable({ host, port, address }: EmbeddedBroker): string {
  if (host === '0.0.0.0') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host === '::' ? '::1' : host}]:${port}` : address;
}

function ofCluster(cluster: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', `cluster: the data directory belongs to the cluster ${cluster}, and none is set`, {
    hint: `set cluster to ${cluster}, or name another data directory with --data-dir`,
    details: { cluster },
  });
}

function brokerPortTaken(failure: MillraceError, port: number): MillraceError {
  return new MillraceError('LISTEN_FAILED', `${failure.message} (broker.port)`, {
    cause: failure,
    hint: `if a Kafka broker listens there, use it: --brokers 127.0.0.1:${port}; else choose another port with broker.port (--broker-port), 0 takes a free one`,
    details: failure.details,
  });
}
