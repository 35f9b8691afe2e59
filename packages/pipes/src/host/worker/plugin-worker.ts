import { registerHooks } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, postedLogger, serializeError, systemClock, systemRandom } from '@millrace/core';
import { describeModule } from '../describe-module.ts';
import { importModule } from '../load-definition.ts';
import { LocalStages } from '../local-stages.ts';
import { PluginMetrics } from '../services/plugin-metrics.ts';
import { messageOf } from '../stages/hook-failure.ts';
import { HookWatch } from './hook-watch.ts';
import { StageServer } from './stage-server.ts';
import type { PluginWorkerCommand, PluginWorkerData, PluginWorkerMessage } from './worker-messages.ts';

/** The entry of the worker of a package: runs the hooks of its plugins for the pipes of all threads. */

const metricsEveryMs = 1000;

assert(parentPort !== null, 'the worker of a package runs in a thread of its own');
const port = parentPort;
const { environment, memory, streams: firstStreams } = workerData as PluginWorkerData;
let streams = firstStreams;

// Whatever copy of the SDK a package has brought: it gets the host's.
registerHooks({
  resolve: (specifier, context, next) =>
    /^@millrace\/sdk(\/|$)/.test(specifier) ? next(specifier, { ...context, parentURL: import.meta.url }) : next(specifier, context),
});

function tell(message: PluginWorkerMessage): void {
  port.postMessage(message);
}

const logger = postedLogger((level, fields, message) => tell({ kind: 'log', level, fields, message }));
const metrics = new PluginMetrics();
const watch = new HookWatch(memory, systemClock, environment.limits);
const stages = new LocalStages({ environment, clock: systemClock, logger, random: systemRandom, metrics, streams: () => streams }, watch);

// What nobody waits for must not take the neighbours with it.
process.on('unhandledRejection', (reason) => logger.error({ error: messageOf(reason) }, 'a plugin has left a rejected promise to nobody'));

function tellMetrics(): void {
  const changed = metrics.takeChanged();
  if (changed.length > 0) tell({ kind: 'metrics', metrics: changed });
  systemClock.setTimer(metricsEveryMs, tellMetrics, { unref: true });
}
tellMetrics();

async function describe(module: string): Promise<void> {
  try {
    const exports = describeModule(await importModule(module));
    watch.loaded(module);
    tell({ kind: 'described', exports });
  } catch (error) {
    tell({ kind: 'undescribed', error: serializeError(error) });
  }
}

port.on('message', (command: PluginWorkerCommand) => {
  switch (command.kind) {
    case 'describe':
      void describe(command.module);
      break;
    case 'stage':
      new StageServer(command.stage, command.port, stages, watch, () => tell({ kind: 'closed', stage: command.stage }));
      break;
    case 'streams':
      streams = command.streams;
      break;
  }
});

tell({ kind: 'ready' });
