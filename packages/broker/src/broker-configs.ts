import type { settleOptions } from './broker-options.ts';
import type { NodeAddress } from './cluster/cluster.ts';
import { mechanismsOf, securityProtocolOf } from './security/open-sasl.ts';
import type { TopicConfigOverrides } from './topic/topic-config.ts';
import { type TopicConfigDefinition, topicConfigs } from './topic/topic-config-definitions.ts';

type Options = ReturnType<typeof settleOptions>;
type Type = TopicConfigDefinition['type'] | 'password';

/** One configuration of a node, as DescribeConfigs tells it. */
export interface BrokerConfig {
  readonly name: string;
  readonly type: Type;
  /** Null where nothing is set, and for secrets. */
  readonly value: string | null;
  /** What Apache Kafka 4.1 has where nothing is set. */
  readonly fallback: string | null;
  readonly isSensitive: boolean;
  readonly help: string;
}

type Line = readonly [name: string, type: Type, value: string | number | boolean | null, fallback: string | null, help: string];

const intMax = 2_147_483_647;
const finite = (value: number) => (Number.isFinite(value) ? value : intMax);

/** What a node is configured by, under the names that Kafka has for it, sorted. What has no counterpart here is left out. */
export function brokerConfigs(
  options: Options,
  defaults: TopicConfigOverrides,
  nodeId: number,
  address: NodeAddress | undefined,
): BrokerConfig[] {
  return [...ownConfigs(options, nodeId, address), ...secrets(options), ...topicDefaults(defaults)].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function ownConfigs(options: Options, nodeId: number, address: NodeAddress | undefined): BrokerConfig[] {
  const protocol = securityProtocolOf(options);
  const { host = options.host, port = options.port } = address ?? {};
  const lines: readonly Line[] = [
    ['advertised.listeners', 'list', `${protocol}://${host}:${port}`, null, 'what clients are told to connect to'],
    ['auto.create.topics.enable', 'boolean', options.autoCreateTopics, 'true', 'topics are made when a client asks for them'],
    ['auto.leader.rebalance.enable', 'boolean', false, 'true', 'leaders stay where they are'],
    ['broker.id', 'int', nodeId, '-1', 'the id of the node'],
    ['connections.max.idle.ms', 'long', finite(options.connectionIdleMaxMs), '600000', 'how long a client may be silent'],
    ['connections.max.reauth.ms', 'long', options.sasl?.maxReauthMs ?? 0, '0', 'how long a client is believed; 0 for ever'],
    ['default.replication.factor', 'int', options.virtualBrokers, '1', 'replicas of a topic that is made without saying how many'],
    ['delete.topic.enable', 'boolean', true, 'true', 'topics can be deleted'],
    ['fetch.max.bytes', 'int', options.fetchBytesMax, '57671680', 'most bytes of an answer'],
    ['group.initial.rebalance.delay.ms', 'int', options.groupInitialRebalanceDelayMs, '3000', 'how long a new group waits for members'],
    ['group.max.session.timeout.ms', 'int', options.groupSessionTimeoutMaxMs, '1800000', 'longest session of a member'],
    ['group.min.session.timeout.ms', 'int', options.groupSessionTimeoutMinMs, '6000', 'shortest session of a member'],
    ['listeners', 'list', `${protocol}://${options.host}:${port}`, 'PLAINTEXT://:9092', 'where it listens'],
    ['log.cleaner.backoff.ms', 'long', options.compactionCheckMs, '15000', 'how often it is looked for logs to compact'],
    ['log.cleaner.enable', 'boolean', true, 'true', 'logs are compacted'],
    ['log.dirs', 'string', options.dataDirectory, null, 'where everything is kept'],
    ['log.retention.check.interval.ms', 'long', options.retentionCheckMs, '300000', 'how often it is looked for segments to delete'],
    ['max.connections', 'int', options.connectionsMax, String(intMax), 'connections of a node'],
    ['max.connections.per.ip', 'int', finite(options.connectionsPerAddressMax), String(intMax), 'connections of one address'],
    ['node.id', 'int', nodeId, null, 'the id of the node'],
    ['num.partitions', 'int', options.defaultPartitions, '1', 'partitions of a topic that is made without saying how many'],
    ['offset.metadata.max.bytes', 'int', 4096, '4096', 'longest text beside a committed offset'],
    ['offsets.retention.minutes', 'int', Math.round(options.offsetsRetentionMs / 60_000), '10080', 'how long offsets of empty groups stay'],
    ['producer.id.expiration.ms', 'int', options.producerExpirationMs, '86400000', 'how long the sequence of an idle producer is known'],
    ['sasl.enabled.mechanisms', 'list', mechanismsOf(options.sasl).join(','), 'GSSAPI', 'how clients may say who they are'],
    ['socket.request.max.bytes', 'int', options.requestBytesMax, '104857600', 'largest request'],
    ['ssl.client.auth', 'string', options.tls?.clientAuth ?? 'none', 'none', 'whether clients show certificates'],
    ['transaction.max.timeout.ms', 'int', options.transactionTimeoutMaxMs, '900000', 'longest time-out of a transaction'],
    [
      'transactional.id.expiration.ms',
      'int',
      options.transactionalIdExpirationMs,
      '604800000',
      'how long an unused transactional id is known',
    ],
  ];
  return lines.map(([name, type, value, fallback, help]) => ({
    name,
    type,
    value: value === null ? null : String(value),
    fallback,
    isSensitive: false,
    help,
  }));
}

function secrets({ tls }: Options): BrokerConfig[] {
  if (tls === undefined) return [];
  const secret = (name: string, help: string): BrokerConfig => ({
    name,
    type: 'password',
    value: null,
    fallback: null,
    isSensitive: true,
    help,
  });
  return [
    secret('ssl.keystore.certificate.chain', 'the certificate of the node'),
    secret('ssl.keystore.key', 'the private key of the node'),
    ...(tls.ca === undefined ? [] : [secret('ssl.truststore.certificates', 'who signs the certificates of clients')]),
  ];
}

/** What counts for topics that do not say otherwise. */
function topicDefaults(defaults: TopicConfigOverrides): BrokerConfig[] {
  return topicConfigs.flatMap(({ name, type, fallback, synonym, synonymFallback, help }) => {
    if (synonym === undefined) return [];
    const value = defaults[name] ?? fallback;
    return [{ name: synonym, type, value, fallback: synonymFallback === undefined ? fallback : null, isSensitive: false, help }];
  });
}
