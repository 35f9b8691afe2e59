import { parentPort, workerData } from 'node:worker_threads';
import { asMillraceError, serializeError } from '@millrace/core';
import { Broker } from './broker.ts';
import type { BrokerOptions } from './broker-options.ts';
import { forwardingLogger, type WorkerCommand, type WorkerMessage } from './worker-messages.ts';

/** The broker's thread; started by {@link ./start-broker.ts}. */
const parent = parentPort!;
const send = (message: WorkerMessage) => parent.postMessage(message);

try {
  const broker = new Broker(workerData as BrokerOptions, { logger: forwardingLogger(send) });
  await broker.open();
  parent.on('message', async (command: WorkerCommand) => {
    if (command.kind !== 'close') return;
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
