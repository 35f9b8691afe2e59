import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { LocalStages, type PluginReference, type StageRequest } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import { PluginMetrics } from '../../src/host/services/plugin-metrics.ts';
import type { ServiceSources } from '../../src/host/services/stage-container.ts';

/** Stages of this thread, on a clock that stands at 5000. */
export function localStages(more: Partial<ServiceSources> = {}): LocalStages {
  return new LocalStages({ ...serviceSources(), ...more });
}

export function serviceSources(): ServiceSources {
  return {
    environment: {
      timezone: 'UTC',
      deployment: 'here',
      cluster: { brokers: ['127.0.0.1:1'] },
      settings: { limit: 9 },
      limits: { timeoutMs: 1000, memoryMb: 64 },
    },
    clock: new FakeClock(5000),
    logger: silentLogger,
    random: new SeededRandom(1),
    metrics: new PluginMetrics(),
    streams: () => [{ name: 's', columns: [], eventTimeColumn: null }],
  };
}

/** A request for a plugin of the modules beside this file. */
export function stageRequest(
  kind: StageKind,
  exportName: string,
  attributes: Readonly<Record<string, string>> = {},
  more: Partial<StageRequest> = {},
): StageRequest {
  const plugin: PluginReference = {
    name: exportName,
    kind,
    module: new URL(`./plugins/${kind}s.ts`, import.meta.url).href,
    exportName,
    origin: 'test@1.0.0',
    isBuiltIn: true,
  };
  return { pipe: 'p', kind, plugin, attributes, ...more };
}

export const never = new AbortController().signal;
