import { Worker } from 'node:worker_threads';
import { asMillraceError, deserializeError, type Logger, MillraceError, silentLogger, threadModule } from '@millrace/core';
import { type RemoteBrokerControl, remoteControl } from './broker-control.ts';
import type { BrokerOptions } from './broker-options.ts';
import type { WorkerCommand, WorkerMessage } from './worker-messages.ts';

/** A broker that runs in a thread of its own. */
export interface EmbeddedBroker extends RemoteBrokerControl {
  /** `host:port`, as for a list of brokers. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Resolves when the thread has ended: with what ended it, or with nothing after {@link close}. */
  readonly ended: Promise<MillraceError | undefined>;
  /** Ends it so that the next start has nothing to check. May be called twice. @throws {MillraceError} */
  close(): Promise<void>;
}

const module = threadModule('worker', import.meta.url);

/**
 * Starts a broker in a worker thread and waits until it listens.
 * @param logger gets the broker's lines; silent by default.
 * @throws {MillraceError} what {@link Broker.open} throws.
 */
export async function startBroker(options: BrokerOptions, logger: Logger = silentLogger): Promise<EmbeddedBroker> {
  const worker = new Worker(module.url, { workerData: options, execArgv: module.execArgv, name: 'millrace-broker' });
  let failure: MillraceError | undefined;
  let onListening: (address: { host: string; port: number }) => void = () => {};
  const listening = new Promise<{ host: string; port: number }>((resolve) => {
    onListening = resolve;
  });
  const calls = new Map<number, PromiseWithResolvers<unknown>>();
  const settle = (call: number) => {
    const waiting = calls.get(call);
    calls.delete(call);
    return waiting;
  };
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'log') logger[message.level](message.fields, message.message);
    else if (message.kind === 'listening') onListening(message);
    else if (message.kind === 'returned') settle(message.call)?.resolve(message.value);
    else if (message.kind === 'threw') settle(message.call)?.reject(deserializeError(message.error));
    else if (message.kind === 'failed') failure = deserializeError(message.error);
  });
  worker.on('error', (error) => {
    failure = asMillraceError(error);
  });
  let isClosing = false;
  const ended = new Promise<MillraceError | undefined>((resolve) => {
    worker.on('exit', (code) => {
      const unexplained =
        code === 0 && isClosing ? undefined : new MillraceError('INTERNAL_INVARIANT', `the broker's thread ended with ${code}`);
      resolve(failure ?? unexplained);
    });
  });
  const address = await Promise.race([listening, ended]);
  if (address === undefined || address instanceof MillraceError)
    throw address ?? new MillraceError('INTERNAL_INVARIANT', "the broker's thread ended");
  const { host, port } = address;
  let newestCall = 0;
  const control = remoteControl((method, given) => {
    const call = ++newestCall;
    const answer = Promise.withResolvers<unknown>();
    calls.set(call, answer);
    worker.postMessage({ kind: 'call', call, method, given } satisfies WorkerCommand);
    const gone = ended.then((reason) => {
      throw reason ?? new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'the broker is closed');
    });
    return Promise.race([answer.promise, gone]);
  });
  return {
    ...control,
    address: `${host}:${port}`,
    host,
    port,
    ended,
    async close() {
      if (!isClosing) worker.postMessage({ kind: 'close' } satisfies WorkerCommand);
      isClosing = true;
      const reason = await ended;
      if (reason !== undefined) throw reason;
    },
  };
}
