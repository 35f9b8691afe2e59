import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Session } from '@millrace/iotdb-thrift-connector/rpc';
import { freePort, hasCommand, Started } from '../harness/process.ts';

/** The only version of which Maven Central has the server and the configuration node. */
const apacheIotdbVersion = '2.0.1-beta';

/** What is missing on this machine to run Apache IoTDB, as a sentence; null if nothing is. */
export function whatApacheIotdbLacks(): string | null {
  const lacking = ['java', 'mvn'].filter((command) => !hasCommand(command));
  return lacking.length === 0 ? null : `${lacking.join(' and ')} not installed`;
}

/** Where the nodes of a server listen. */
interface Ports {
  readonly rpc: number;
  readonly configuration: number;
  readonly consensus: number;
  readonly internal: number;
  readonly exchange: number;
  readonly schemaRegion: number;
  readonly dataRegion: number;
}

const readyTimeoutMs = 90_000;

/** One Apache IoTDB (a configuration node and a data node) on loopback, with data in a temporary directory. User and password are `root`. */
export class ApacheIotdb {
  readonly #directory: string;
  readonly #libraries: string;
  readonly #ports: Ports;
  #configurationNode: Started | undefined;
  #dataNode: Started | undefined;

  private constructor(directory: string, libraries: string, ports: Ports) {
    this.#directory = directory;
    this.#libraries = libraries;
    this.#ports = ports;
  }

  /** Resolves when it accepts writes. The jars come from Maven Central once and are kept in `IOTDB_CACHE` or the user's cache directory. */
  static async start(): Promise<ApacheIotdb> {
    const libraries = fetchJars(apacheIotdbVersion);
    const names = ['rpc', 'configuration', 'consensus', 'internal', 'exchange', 'schemaRegion', 'dataRegion'] as const;
    const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()]))) as unknown as Ports;
    const server = new ApacheIotdb(mkdtempSync(join(tmpdir(), 'millrace-apache-iotdb-')), libraries, ports);
    try {
      server.#writeConfiguration();
      server.#configurationNode = server.#launch('256m', 'org.apache.iotdb.confignode.service.ConfigNode');
      await server.#untilListening(ports.configuration, server.#configurationNode);
      await server.startDataNode();
    } catch (failure) {
      await server.stop();
      throw failure;
    }
    return server;
  }

  get port(): number {
    return this.#ports.rpc;
  }

  /** A session of the test's own. */
  connect(): Promise<Session> {
    const options = { connectTimeoutMs: 2_000, timeoutMs: 20_000 };
    return Session.open({ ip: '127.0.0.1', port: this.port }, { user: 'root', password: 'root' }, options);
  }

  /** Starts the data node, with what it has kept. @param isAwaited false: resolves at once, before it accepts writes */
  async startDataNode(isAwaited = true): Promise<void> {
    this.#dataNode = this.#launch('384m', 'org.apache.iotdb.db.service.DataNode');
    if (isAwaited) await this.untilWritable();
  }

  /** The port opens some seconds before writes are accepted. */
  async untilWritable(): Promise<void> {
    const columns = [{ measurement: 'a', type: 'INT32' as const, values: [1] }];
    await this.#until(this.#dataNode!, async () => {
      const session = await this.connect().catch(() => null);
      if (session === null) return false;
      const { code } = await session.insertTablet({ device: 'root.ready.d', times: [1n], columns }).catch(() => ({ code: 0 }));
      if (code === 200) await session.execute('DELETE DATABASE root.ready');
      await session.close();
      return code === 200;
    });
  }

  async stopDataNode(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#dataNode?.stop(signal);
  }

  async stop(): Promise<void> {
    await this.stopDataNode('SIGKILL');
    await this.#configurationNode?.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #launch(heap: string, mainClass: string): Started {
    const conf = join(this.#directory, 'conf');
    const homes = ['IOTDB', 'TSFILE', 'CONFIGNODE'].flatMap((home) => [`-D${home}_HOME=${this.#directory}`, `-D${home}_CONF=${conf}`]);
    const opened = ['util.concurrent', 'lang', 'util', 'nio', 'io', 'net'].map((part) => `--add-opens=java.base/java.${part}=ALL-UNNAMED`);
    const memory = [
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Xms64m',
      `-Xmx${heap}`,
      '-XX:MaxDirectMemorySize=512m',
      '-DOFF_HEAP_MEMORY=512m',
    ];
    const logs = [
      `-Dlogback.configurationFile=${join(conf, 'logback.xml')}`,
      `-DIOTDB_LOG_DIR=${this.#directory}`,
      `-DCONFIGNODE_LOG_DIR=${this.#directory}`,
    ];
    return new Started('java', [...opened, ...memory, ...homes, ...logs, '-cp', `${this.#libraries}/*`, mainClass, '-s'], {
      cwd: this.#directory,
    });
  }

  async #untilListening(port: number, node: Started): Promise<void> {
    await this.#until(node, () => spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]).status === 0);
  }

  async #until(node: Started, isReached: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    while (performance.now() < deadline && node.child.exitCode === null) {
      if (await isReached()) return;
      await wait(150);
    }
    throw new Error(`Apache IoTDB did not start:\n${node.output.slice(-4000)}`);
  }

  #writeConfiguration(): void {
    const conf = join(this.#directory, 'conf');
    mkdirSync(conf, { recursive: true });
    writeFileSync(join(conf, 'iotdb-system.properties'), `${systemProperties(this.#directory, this.#ports).join('\n')}\n`);
    const pattern = '%d %-5level %logger{20} - %msg%n';
    const appender = `<appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>${pattern}</pattern></encoder></appender>`;
    writeFileSync(join(conf, 'logback.xml'), `<configuration>${appender}<root level="WARN"><appender-ref ref="C"/></root></configuration>`);
  }
}

function systemProperties(directory: string, ports: Ports): string[] {
  const simple = 'org.apache.iotdb.consensus.simple.SimpleConsensus';
  const data = (name: string) => join(directory, 'data', name);
  return [
    'cluster_name=test',
    'cn_internal_address=127.0.0.1',
    `cn_internal_port=${ports.configuration}`,
    `cn_consensus_port=${ports.consensus}`,
    `cn_seed_config_node=127.0.0.1:${ports.configuration}`,
    `cn_system_dir=${data('cn-system')}`,
    `cn_consensus_dir=${data('cn-consensus')}`,
    `cn_pipe_receiver_file_dir=${data('cn-receiver')}`,
    'dn_rpc_address=127.0.0.1',
    `dn_rpc_port=${ports.rpc}`,
    'dn_internal_address=127.0.0.1',
    `dn_internal_port=${ports.internal}`,
    `dn_mpp_data_exchange_port=${ports.exchange}`,
    `dn_schema_region_consensus_port=${ports.schemaRegion}`,
    `dn_data_region_consensus_port=${ports.dataRegion}`,
    `dn_seed_config_node=127.0.0.1:${ports.configuration}`,
    `dn_system_dir=${data('dn-system')}`,
    `dn_data_dirs=${data('dn-data')}`,
    `dn_consensus_dir=${data('dn-consensus')}`,
    `dn_wal_dirs=${data('dn-wal')}`,
    `dn_tracing_dir=${data('dn-tracing')}`,
    `dn_sync_dir=${data('dn-sync')}`,
    `dn_pipe_receiver_file_dirs=${data('dn-receiver')}`,
    `config_node_consensus_protocol_class=${simple}`,
    `schema_region_consensus_protocol_class=${simple}`,
    `data_region_consensus_protocol_class=${simple}`,
    'schema_replication_factor=1',
    'data_replication_factor=1',
    'cn_metric_reporter_list=',
    'dn_metric_reporter_list=',
    'timestamp_precision=ms',
    // What is acknowledged survives that the server is killed.
    'wal_mode=SYNC',
  ];
}

/** The directory with the jars of a version. Kept once they are there. */
function fetchJars(version: string): string {
  const cache = process.env['IOTDB_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'iotdb');
  const libraries = join(cache, `iotdb-${version}`, 'libs');
  if (existsSync(join(libraries, '.complete'))) return libraries;
  mkdirSync(libraries, { recursive: true });
  const pom = join(dirname(fileURLToPath(import.meta.url)), 'pom.xml');
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libraries}`, `-Diotdb.version=${version}`];
  const fetched = spawnSync('mvn', ['-q', '-B', '-f', pom, ...goal], { encoding: 'utf8' });
  if (fetched.status !== 0) throw new Error(`cannot fetch Apache IoTDB's jars: ${fetched.stdout}${fetched.stderr}`);
  writeFileSync(join(libraries, '.complete'), '');
  return libraries;
}
