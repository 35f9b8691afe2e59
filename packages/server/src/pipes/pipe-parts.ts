import { resolve } from 'node:path';
import type { PipePluginDefinition, StreamDefinition } from '@millrace/catalog';
import type { Clock, Logger, Random } from '@millrace/core';
import type { KafkaClient } from '@millrace/kafka-client';
import { matchesPattern, PipeEngine, PluginHost, type StageEnvironment, takeBoundaries } from '@millrace/pipes';
import { kafkaSource } from '@millrace/runtime';
import type { ConfigurationValues } from '../configuration/keys.ts';
import { builtInPlugins } from './built-in-plugins.ts';
import { streamDescriptions } from './pipe-streams.ts';
import type { PipeParts, PipesOptions } from './pipes.ts';

/** What {@link loadPipeParts} makes them of. */
export interface PipePartsOptions {
  readonly values: ConfigurationValues;
  readonly dataDirectory: string;
  readonly surroundings: PipesOptions['surroundings'];
  readonly installed: readonly PipePluginDefinition[];
  readonly streams: readonly StreamDefinition[];
  readonly kafka: KafkaClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Runs pipes in this thread. */
  readonly inProcess: boolean;
}

/** Opens what runs pipes: the plugins, then the engine. */
export async function loadPipeParts(options: PipePartsOptions): Promise<PipeParts> {
  const { values, kafka, clock, random, inProcess } = options;
  const logger = options.logger.child({ part: 'pipes' });
  const { trusted_uri_pattern: trusted, pipe_lib_dir: library, pipe_subtask_executor_max_thread_num: threads } = values;
  const host = await PluginHost.open({
    libraryDirectory: resolve(options.dataDirectory, library),
    builtIns: builtInPlugins(),
    installed: options.installed,
    environment: stageEnvironment(options),
    ...(trusted !== '' && { trustedUriPattern: new RegExp(trusted) }),
    clock,
    logger,
    random,
  });
  host.setStreams(streamDescriptions(options.streams));
  const engine = new PipeEngine({ plugins: host, threads, inProcess, logger, clock, random });
  return {
    host,
    engine,
    takeBoundaries: (streams) => takeBoundaries(kafkaSource(kafka), streams),
    matches: matchesPattern,
    close: async () => {
      await engine.close();
      await host.close();
    },
  };
}

function stageEnvironment({ values, surroundings }: PipePartsOptions): StageEnvironment {
  const { timezone, deployment, brokers, ssl, sasl } = surroundings;
  return {
    timezone,
    deployment,
    cluster: { brokers, ...(ssl !== undefined && { ssl }), ...(sasl !== undefined && { sasl }) },
    settings: {
      pipe_connector_timeout_ms: values.pipe_connector_timeout_ms,
      pipe_async_connector_selector_number: values.pipe_async_connector_selector_number,
      pipe_async_connector_core_client_number: values.pipe_async_connector_core_client_number,
      pipe_async_connector_max_client_number: values.pipe_async_connector_max_client_number,
    },
    limits: { timeoutMs: values.pipe_plugin_timeout, memoryMb: Math.ceil(values.pipe_plugin_memory / 2 ** 20) },
  };
}
