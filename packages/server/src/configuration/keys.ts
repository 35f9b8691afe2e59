/** The value of one configuration key, checked. */
export type KeyType =
  | { readonly kind: 'text' }
  | { readonly kind: 'path' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** A list of texts; in environment variables and flags separated by commas. */
  | { readonly kind: 'list' }
  /** Milliseconds; written `500ms`, `5s`, `5m`, `1h`, or a number of seconds. */
  | { readonly kind: 'duration' }
  /** Bytes; written `64MiB`, `1GiB`, `10MB`, or a number of bytes. */
  | { readonly kind: 'size' };

export interface ConfigurationKey {
  readonly type: KeyType;
  readonly default: unknown;
  readonly help: string;
  /** Never printed. */
  readonly secret?: boolean;
}

const port = { kind: 'integer', min: 0, max: 65_535 } as const;

/** Every key that exists, by its dotted name. What is not here is refused. */
export const configurationKeys = {
  data_dir: { type: { kind: 'path' }, default: './millrace-data', help: 'where catalog and embedded broker keep their data' },
  listen: { type: { kind: 'text' }, default: '127.0.0.1', help: 'address that the HTTP port is bound to' },
  insecure: { type: { kind: 'boolean' }, default: false, help: 'allow `listen` beyond loopback although there are no accounts' },
  timezone: { type: { kind: 'text' }, default: '', help: "IANA zone that stands wherever SQL names none; empty = the host's" },
  cluster: {
    type: { kind: 'text' },
    default: '',
    help: 'servers of the same name, on the same Kafka, share their streams and views and stand in for each other; empty = alone',
  },
  'http.port': { type: port, default: 3218, help: 'HTTP: SQL, REST, metrics; 0 takes a free port' },
  'http.allowed_hosts': { type: { kind: 'list' }, default: [], help: "names, beside loopback ones, that a request's Host may carry" },
  'http.allowed_origins': { type: { kind: 'list' }, default: [], help: 'origins of web pages that may send requests' },
  'http.max_body_size': { type: { kind: 'size' }, default: 256 * 2 ** 20, help: 'largest request body after decompression' },
  'kafka.brokers': { type: { kind: 'list' }, default: [], help: 'host:port of the Kafka cluster; empty = the embedded broker' },
  'kafka.replication_factor': {
    type: { kind: 'integer', min: 1, max: 32_767 },
    default: 1,
    help: 'replicas of topics that CREATE STREAM makes',
  },
  'kafka.ssl.enabled': { type: { kind: 'boolean' }, default: false, help: 'speak TLS with the brokers of `kafka.brokers`' },
  'kafka.ssl.ca': {
    type: { kind: 'path' },
    default: '',
    help: "PEM file of whom to trust: authorities, or a broker's own certificate; empty = the authorities that Node knows",
  },
  'kafka.ssl.cert': { type: { kind: 'path' }, default: '', help: "PEM file of the client's own certificate, for brokers that ask for one" },
  'kafka.ssl.key': { type: { kind: 'path' }, default: '', help: 'PEM file of its key' },
  'kafka.ssl.server_name': {
    type: { kind: 'text' },
    default: '',
    help: "name that the brokers' certificates carry; empty = the host that is connected to",
  },
  'kafka.ssl.verify': {
    type: { kind: 'choice', values: ['full', 'certificate', 'none'] },
    default: 'full',
    help: "what is checked of a broker's certificate: that it is trusted and for this host, only that it is trusted, nothing",
  },
  'kafka.sasl.mechanism': {
    type: { kind: 'choice', values: ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] },
    default: 'none',
    help: 'how to prove to the brokers of `kafka.brokers` who one is',
  },
  'kafka.sasl.username': { type: { kind: 'text' }, default: '', help: 'as whom' },
  'kafka.sasl.password': { type: { kind: 'text' }, default: '', help: 'the password; never shown', secret: true },
  'kafka.sasl.password_file': {
    type: { kind: 'path' },
    default: '',
    help: 'file that holds the password, in place of `kafka.sasl.password`',
  },
  'broker.listen': { type: { kind: 'text' }, default: '127.0.0.1', help: 'address that the embedded broker listens on' },
  'broker.port': { type: port, default: 9092, help: 'port of the embedded broker; 0 takes a free port' },
  'broker.advertised_host': {
    type: { kind: 'text' },
    default: '',
    help: 'host that its clients are told to connect to; empty = `broker.listen`',
  },
  'broker.advertised_port': { type: port, default: 0, help: 'port that its clients are told to connect to; 0 = the one listened on' },
  'broker.virtual_brokers': {
    type: { kind: 'integer', min: 1, max: 3 },
    default: 1,
    help: 'as how many brokers it appears, on ports that follow each other; for tests of clients',
  },
  'broker.ssl.enabled': { type: { kind: 'boolean' }, default: false, help: 'clients of the embedded broker speak TLS' },
  'broker.ssl.cert': { type: { kind: 'path' }, default: '', help: 'PEM file of its certificate, with those that lead to the authority' },
  'broker.ssl.key': { type: { kind: 'path' }, default: '', help: 'PEM file of its key' },
  'broker.ssl.ca': { type: { kind: 'path' }, default: '', help: "PEM file of the authority that signs clients' certificates" },
  'broker.ssl.client_auth': {
    type: { kind: 'choice', values: ['none', 'requested', 'required'] },
    default: 'none',
    help: 'whether clients show a certificate of their own',
  },
  'broker.sasl.mechanisms': {
    type: { kind: 'list' },
    default: [],
    help: 'how clients of the embedded broker prove who they are: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty = nobody is asked',
  },
  'broker.sasl.users_file': {
    type: { kind: 'path' },
    default: '',
    help: 'YAML file of `name: password`: its administrators, beside the users that `millrace broker user add` makes',
  },
  'broker.sasl.max_reauth': {
    type: { kind: 'duration' },
    default: 0,
    help: 'for how long a client is believed before it has to prove itself anew; 0 = for ever',
  },
  'broker.auto_create_topics': { type: { kind: 'boolean' }, default: true, help: 'whether clients may create topics by naming them' },
  'broker.default_partitions': {
    type: { kind: 'integer', min: 1, max: 10_000 },
    default: 1,
    help: 'partitions of topics made by naming them',
  },
  'broker.flush_messages': {
    type: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
    default: 0,
    help: 'fsync after so many records of a partition; 1 = before each acknowledgement, 0 = left to the system',
  },
  'broker.flush_ms': { type: { kind: 'duration' }, default: 0, help: 'fsync at the latest after this time; 0 = left to the system' },
  pipe_lib_dir: {
    type: { kind: 'text' },
    default: 'ext/pipe',
    help: 'where packages of plugins are looked for and put; a relative path counts from `data_dir`',
  },
  pipe_subtask_executor_max_thread_num: {
    type: { kind: 'integer', min: 1, max: 256 },
    default: 5,
    help: 'most threads that pipes run in; never more than half the processors, at least one',
  },
  pipe_connector_timeout_ms: {
    type: { kind: 'integer', min: 1, max: 2_147_483_647 },
    default: 900_000,
    help: 'how long a connector to IoTDB waits for an answer, ms',
  },
  pipe_async_connector_selector_number: {
    type: { kind: 'integer', min: 1, max: 1024 },
    default: 1,
    help: 'taken for the sake of configurations of IoTDB: sockets need no selectors here',
  },
  pipe_async_connector_core_client_number: {
    type: { kind: 'integer', min: 1, max: 1024 },
    default: 8,
    help: 'clients that an asynchronous connector to IoTDB keeps',
  },
  pipe_async_connector_max_client_number: {
    type: { kind: 'integer', min: 1, max: 1024 },
    default: 16,
    help: 'most clients that an asynchronous connector to IoTDB has at a time',
  },
  pipe_plugin_timeout: {
    type: { kind: 'duration' },
    default: 30_000,
    help: 'a hook of a plugin that takes longer is ended, and its pipe stops',
  },
  pipe_plugin_memory: { type: { kind: 'size' }, default: 256 * 2 ** 20, help: 'heap of each package of plugins that is not built in' },
  trusted_uri_pattern: {
    type: { kind: 'text' },
    default: '',
    help: 'regular expression that the whole URI of CREATE PIPEPLUGIN must match; empty = files, and names in `pipe_lib_dir`',
  },
  'memory.budget': { type: { kind: 'size' }, default: 1 * 2 ** 30, help: 'what the state of all queries may hold' },
  max_client_stall: { type: { kind: 'duration' }, default: 300_000, help: 'a client that takes no rows for so long loses its query' },
  'log.level': {
    type: { kind: 'choice', values: ['debug', 'info', 'warn', 'error', 'silent'] },
    default: 'info',
    help: 'least level that is logged',
  },
  'log.format': {
    type: { kind: 'choice', values: ['auto', 'human', 'json'] },
    default: 'auto',
    help: 'auto = human on a terminal, else JSON',
  },
} as const satisfies Record<string, ConfigurationKey>;

export type ConfigurationKeyName = keyof typeof configurationKeys;

type ValueOf<T extends KeyType> = T extends { kind: 'integer' | 'duration' | 'size' }
  ? number
  : T extends { kind: 'boolean' }
    ? boolean
    : T extends { kind: 'list' }
      ? readonly string[]
      : T extends { kind: 'choice'; values: readonly (infer V)[] }
        ? V
        : string;

/** The effective value of every key. */
export type ConfigurationValues = { readonly [K in ConfigurationKeyName]: ValueOf<(typeof configurationKeys)[K]['type']> };
