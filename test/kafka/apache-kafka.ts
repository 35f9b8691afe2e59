import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authorityCertificate, brokerCertificate, brokerKey } from '../../packages/kafka-client/test/tls-certificates.ts';
import { freePort, hasCommand, Started } from '../harness/process.ts';

export const apacheKafkaVersion = process.env['MILLRACE_KAFKA_VERSION'] ?? '4.1.1';

/** What is missing on this machine to run Apache Kafka, as a sentence; null if nothing is. */
export function whatApacheKafkaLacks(): string | null {
  const lacking = ['java', 'mvn'].filter((command) => !hasCommand(command));
  return lacking.length === 0 ? null : `${lacking.join(' and ')} not installed`;
}

export interface ApacheKafka {
  readonly brokers: string;
  /** The same node behind TLS and SASL: PLAIN for `plain` with the password `secret`, SCRAM for who is given a password. */
  readonly secureBrokers: string;
  /** `<port>:<port>`: a listener that clients are told to find at the second of the ports, where a test may lead them to it, or not. */
  readonly detour: string;
  /** The jars, as a Java class path: for Kafka's own tools. */
  readonly classPath: string;
  stop(): Promise<void>;
}

/**
 * Starts one node of Apache Kafka (KRaft, loopback) in a temporary directory.
 * The jars come from Maven Central once and are kept in `KAFKA_CACHE` or the user's cache directory.
 */
export async function startApacheKafka(): Promise<ApacheKafka> {
  const libraries = fetchJars(apacheKafkaVersion);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-apache-kafka-'));
  const [port, controllerPort, securePort] = [await freePort(), await freePort(), await freePort()];
  const detour = [await freePort(), await freePort()] as const;
  const configuration = join(directory, 'server.properties');
  writeFileSync(
    configuration,
    [...serverProperties(port, controllerPort, securePort, detour, directory), ...securityProperties(directory), ''].join('\n'),
  );
  writeFileSync(join(directory, 'log4j2.properties'), logProperties(directory));
  // Up to 3.9 it logs with another library, which is not told anything: all of it goes to the output.
  const jvm = [`-Dlog4j2.configurationFile=${join(directory, 'log4j2.properties')}`, '-cp', `${libraries}/*`];
  const quick = ['-XX:TieredStopAtLevel=1', ...jvm];
  const clusterId = execFileSync('java', [...quick, 'kafka.tools.StorageTool', 'random-uuid'], { encoding: 'utf8' }).trim();
  execFileSync('java', [...quick, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configuration], { stdio: 'pipe' });
  const node = new Started('java', ['-Xms512m', '-Xmx512m', ...jvm, 'kafka.Kafka', configuration]);
  const stop = async () => {
    await node.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(port, node);
  } catch (failure) {
    await stop();
    throw failure;
  }
  return {
    brokers: `127.0.0.1:${port}`,
    secureBrokers: `127.0.0.1:${securePort}`,
    detour: detour.join(':'),
    classPath: `${libraries}/*`,
    stop,
  };
}

/** The directory with the jars of a version of Apache Kafka: brokers, clients and tools. Kept once they are there. */
export function fetchJars(version: string): string {
  const cache = process.env['KAFKA_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'kafka');
  const libraries = join(cache, `kafka-${version}`, 'libs');
  if (existsSync(join(libraries, '.complete'))) return libraries;
  mkdirSync(libraries, { recursive: true });
  const pom = join(dirname(fileURLToPath(import.meta.url)), 'pom.xml');
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libraries}`, `-Dkafka.version=${version}`];
  const fetched = spawnSync('mvn', ['-q', '-B', '-f', pom, ...goal], { encoding: 'utf8' });
  if (fetched.status !== 0) throw new Error(`cannot fetch Apache Kafka's jars: ${fetched.stdout}${fetched.stderr}`);
  writeFileSync(join(libraries, '.complete'), '');
  return libraries;
}

/** Ready = an ApiVersions request (v0) is answered: the listener opens only when the broker may serve. */
async function untilReady(port: number, node: Started): Promise<void> {
  const deadline = performance.now() + 90_000;
  while (performance.now() < deadline) {
    if (node.child.exitCode !== null) break;
    if (await answersApiVersions(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Apache Kafka did not start:\n${node.output.slice(-4000)}`);
}

function answersApiVersions(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', () => finish(true));
    socket.write(Buffer.from('0000000a001200000000' + '0001ffff', 'hex'));
  });
}

function serverProperties(
  port: number,
  controllerPort: number,
  securePort: number,
  [detourPort, detourAdvertised]: readonly [number, number],
  directory: string,
): string[] {
  const listeners = (detour: number) => `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${securePort},DETOUR://127.0.0.1:${detour}`;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=${listeners(detourPort)},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=${listeners(detourAdvertised)}`,
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DETOUR:PLAINTEXT,SECURE:SASL_SSL',
    'inter.broker.listener.name=PLAINTEXT',
    `log.dirs=${join(directory, 'logs')}`,
    'num.partitions=1',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=1000',
    'auto.create.topics.enable=false',
    'log.retention.ms=-1',
    'log.message.timestamp.before.max.ms=9223372036854775807',
    'log.cleaner.enable=true',
    'log.cleaner.dedupe.buffer.size=8388608',
    // What is done from time to time is done often, so that tests need not wait.
    'log.cleaner.backoff.ms=200',
    'log.initial.task.delay.ms=200',
    'log.retention.check.interval.ms=200',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms=200',
  ];
}

/** What the listener with TLS and SASL needs, and the files that it names. */
function securityProperties(directory: string): string[] {
  const [keys, authorities] = [join(directory, 'broker.pem'), join(directory, 'authority.pem')];
  writeFileSync(keys, brokerKey + brokerCertificate);
  writeFileSync(authorities, authorityCertificate);
  const modules = 'org.apache.kafka.common.security';
  const settings = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keys,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authorities,
    'ssl.client.auth': 'requested',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_plain="secret";`,
    'scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'scram-sha-512.connections.max.reauth.ms': '1500',
  };
  return Object.entries(settings).map(([name, value]) => `listener.name.secure.${name}=${value}`);
}

function logProperties(directory: string): string {
  return [
    'status=ERROR',
    'appender.f.type=File',
    'appender.f.name=f',
    `appender.f.fileName=${join(directory, 'kafka.log')}`,
    'appender.f.layout.type=PatternLayout',
    'appender.f.layout.pattern=%d %p %c{1} %m%n',
    'rootLogger.level=WARN',
    'rootLogger.appenderRef.f.ref=f',
    '',
  ].join('\n');
}
