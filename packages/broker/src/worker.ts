import { parentPort, workerData } from 'node:worker_threads';
import { asMillraceError, serializeError } from '@millrace/core';
import { Broker } from './broker.ts';
import { type BrokerControl, controlOf } from './broker-control.ts';
import type { BrokerOptions } from './broker-options.ts';
import { forwardingLogger, type WorkerCommand, type WorkerMessage } from './worker-messages.ts';

/** The broker's thread; started by {@link ./start-broker.ts}. */
const parent = parentPort!;
type WorkerCall = Extract<WorkerCommand, { kind: 'call' }>;

const send = (message: WorkerMessage) => parent.postMessage(message);

async function answer({ call, method, given }: WorkerCall, control: BrokerControl): Promise<void> {
  try {
    const work = control[method] as (...given: readonly unknown[]) => unknown;
    send({ kind: 'returned', call, value: await work(...given) });
  } catch (failure) {
    send({ kind: 'threw', call, error: serializeError(asMillraceError(failure)) });
  }
}

try {
  const broker = new Broker(workerData as BrokerOptions, { logger: forwardingLogger(send) });
  await broker.open();
  const control = controlOf(broker);
  parent.on('message', async (command: WorkerCommand) => {
    if (command.kind === 'call') return answer(command, control);
    try {
      await broker.close();
      send({ kind: 'closed' });
    } catch (failure) {
      send({ kind: 'failed', error: serializeError(asMillraceError(failure)) });
    }
    parent.close();
  });
  send({ kind: 'listening', host: broker.host, port: broker.port });
} catch (failure) {
  send({ kind: 'failed', error: serializeError(asMillraceError(failure)) });
  parent.close();
}
