import type { LogFields, Logger, SerializedError } from '@millrace/core';
import type { BrokerControl } from './broker-control.ts';

/** What the broker's thread tells. */
export type WorkerMessage =
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'closed' }
  | { readonly kind: 'returned'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly call: number; readonly error: SerializedError }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: LogFields; readonly message: string };

/** What it is told. */
export type WorkerCommand =
  | { readonly kind: 'close' }
  | { readonly kind: 'call'; readonly call: number; readonly method: keyof BrokerControl; readonly given: readonly unknown[] };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger whose lines are sent to another thread. */
export function forwardingLogger(send: (message: WorkerMessage) => void, context: LogFields = {}): Logger {
  const line = (level: LogLevel) => (fields: LogFields, message: string) =>
    send({ kind: 'log', level, fields: { ...context, ...fields }, message });
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => forwardingLogger(send, { ...context, ...fields }),
  };
}
