import { parentPort } from 'node:worker_threads';
import { assert, deserializeError, postedLogger, serializeError, systemClock, systemRandom } from '@millrace/core';
import { noStatistics } from '../task/statistics.ts';
import { type HostedTask, type TaskEvents, TaskHost } from './task-host.ts';
import type { WorkerCommand, WorkerMessage } from './worker-messages.ts';

/** The entry of a worker thread: runs the tasks that the pool gives it. */

assert(parentPort !== null, 'the worker runs in a thread of its own');
const port = parentPort;

function tell(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

const logger = postedLogger((level, fields, message) => tell({ kind: 'log', level, fields, message }));
const host = new TaskHost({ clock: systemClock, logger, random: systemRandom });
const tasks = new Map<number, HostedTask>();

/** The encoder may use its memory again: what crosses the border is a copy that is then given away. */
function tellData(id: number, bytes: Buffer): void {
  const owned = new Uint8Array(bytes);
  tell({ kind: 'data', id, bytes: owned }, [owned.buffer]);
}

function start(id: number, begin: (events: TaskEvents) => HostedTask): void {
  try {
    const task = begin({
      onReady: () => tell({ kind: 'ready', id }),
      onData: (bytes) => tellData(id, bytes),
      onEnd: (error, statistics) => {
        tasks.delete(id);
        tell({ kind: 'end', id, error: error && serializeError(error), statistics });
      },
    });
    tasks.set(id, task);
  } catch (error) {
    tell({ kind: 'end', id, error: serializeError(error), statistics: { ...noStatistics, state: 'failed' } });
  }
}

port.on('message', (command: WorkerCommand) => {
  switch (command.kind) {
    case 'start':
      start(command.id, (events) => host.start(command.request, events));
      break;
    case 'start_view':
      start(command.id, (events) => host.startView(command.request, events));
      break;
    case 'stop':
      tasks.get(command.id)?.stop();
      break;
    case 'grant':
      tasks.get(command.id)?.grant(command.bytes);
      break;
    case 'cancel':
      tasks.get(command.id)?.cancel(deserializeError(command.error));
      break;
    case 'statistics': {
      const statistics = tasks.get(command.id)?.statistics();
      if (statistics !== undefined) tell({ kind: 'statistics', id: command.id, statistics });
      break;
    }
    case 'close':
      void host.close().finally(() => port.close());
      break;
  }
});
