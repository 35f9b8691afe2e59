import { parentPort, workerData } from 'node:worker_threads';
import { assert, postedLogger, serializeError, systemClock, systemRandom } from '@millrace/core';
import { messageOf } from '../host/stages/hook-failure.ts';
import { type HostedPipe, PipeHost } from './pipe-host.ts';
import type { OpenStages } from './pipe-plugins.ts';
import type { ThreadCommand, ThreadData, ThreadMessage } from './thread-messages.ts';

/** The entry of a thread of the pipe pool: runs the pipes that it is given. */

assert(parentPort !== null, 'the worker runs in a thread of its own');
const port = parentPort;

function tell(message: ThreadMessage): void {
  port.postMessage(message);
}

const given = workerData as ThreadData;
const ports = {
  clock: systemClock,
  logger: postedLogger((level, fields, message) => tell({ kind: 'log', level, fields, message })),
  random: systemRandom,
};
// What nobody waits for, such as a promise of an expression, must not take the neighbours with it.
process.on('unhandledRejection', (reason) => ports.logger.error({ error: messageOf(reason) }, 'a rejected promise was left to nobody'));

const { openStages } = (await import(given.module)) as { readonly openStages: OpenStages };
const stages = await openStages(given.port, ports);
const host = new PipeHost(stages, ports);
const pipes = new Map<number, HostedPipe>();

async function close(): Promise<void> {
  await host.close();
  await stages.close();
  port.close();
}

port.on('message', (command: ThreadCommand) => {
  switch (command.kind) {
    case 'start': {
      const { id, request } = command;
      const hosted = host.start(request, {
        onReady: () => tell({ kind: 'ready', id }),
        onEnd: (error, statistics) => {
          pipes.delete(id);
          tell({ kind: 'end', id, error: error && serializeError(error), statistics });
        },
      });
      pipes.set(id, hosted);
      break;
    }
    case 'stop':
      pipes.get(command.id)?.stop();
      break;
    case 'streams':
      pipes.get(command.id)?.setStreams(command.streams);
      break;
    case 'statistics': {
      const pipe = pipes.get(command.id);
      if (pipe !== undefined) tell({ kind: 'statistics', id: command.id, statistics: pipe.statistics() });
      break;
    }
    case 'close':
      void close();
      break;
  }
});
