import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock, systemRandom } from '@millrace/core';
import { PipeEngine, type PipeRequest, PluginHost, type PluginReference, type StageRequest } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import { devicesColumns } from './devices.ts';
import { streamOn } from './devices-stream.ts';

const builtIns = ['stream-extractor', 'do-nothing-processor', 'do-nothing-connector', 'sql-processor', 'kafka-connector'];

/** An engine of pipes with its plugins, as a server opens it; those of the folder beside are those of users. */
export async function openEngine(brokers: readonly string[]) {
  const host = await PluginHost.open({
    libraryDirectory: fileURLToPath(new URL('./pipe-plugins', import.meta.url)),
    builtIns: builtIns.map((name) => import.meta.resolve(`@millrace/${name}`)),
    installed: [],
    environment: {
      timezone: 'UTC',
      deployment: 'bench',
      cluster: { brokers },
      settings: {},
      limits: { timeoutMs: 30_000, memoryMb: 256 },
    },
    clock: systemClock,
    logger: silentLogger,
    random: systemRandom,
  });
  return { host, engine: new PipeEngine({ plugins: host }) };
}

/** What a pipe of the benchmarks does beside reading the devices. */
export interface BenchedPipe {
  readonly name: string;
  readonly source: string;
  readonly processor: PluginReference;
  readonly processorAttributes?: Readonly<Record<string, string>>;
  readonly connector: PluginReference;
  readonly connectorAttributes?: Readonly<Record<string, string>>;
}

/** As a server asks for a pipe: history and realtime, everything that there is. */
export function benchRequest(host: PluginHost, brokers: readonly string[], pipe: BenchedPipe): PipeRequest {
  const { name, source, processor, processorAttributes = {}, connector, connectorAttributes = {} } = pipe;
  const stage = (kind: StageKind, plugin: PluginReference, attributes: Readonly<Record<string, string>>): StageRequest => {
    return { pipe: name, kind, plugin, attributes };
  };
  return {
    pipe: name,
    groupId: `millrace.pipe.${name}`,
    instanceId: 'bench',
    deployment: 'bench',
    timezone: 'UTC',
    brokers,
    extractor: stage('extractor', host.find('extractor', 'stream-extractor'), {}),
    processor: stage('processor', processor, processorAttributes),
    connector: stage('connector', connector, connectorAttributes),
    selection: {
      pattern: 'root',
      history: { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY },
      realtime: true,
      forwardsPipeRecords: false,
    },
    boundaries: {},
    streams: [streamOn('devices', source, devicesColumns, 'timestamp')],
    onError: 'stop',
    deadLetterTopic: `millrace.dlq.pipe.${name}`,
    stateTopic: `millrace.pipe.${name}.state`,
  };
}
