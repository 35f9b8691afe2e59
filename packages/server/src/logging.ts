import { createRequire } from 'node:module';
import type { Logger } from '@millrace/core';
import { pino } from 'pino';
import type { ConfigurationValues } from './configuration/keys.ts';

const require = createRequire(import.meta.url);

/** The process's logger: one line an event on stderr, human on a terminal, else JSON. */
export function createLogger(
  values: Pick<ConfigurationValues, 'log.level' | 'log.format'>,
  stream: NodeJS.WriteStream = process.stderr,
): Logger {
  const options = { level: values['log.level'], base: null };
  const human = values['log.format'] === 'human' || (values['log.format'] === 'auto' && stream.isTTY);
  if (!human) return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  // Loaded only where people read: JSON needs none of it.
  const pretty = require('pino-pretty') as typeof import('pino-pretty');
  return pino(options, pretty({ destination: stream, colorize: stream.isTTY, translateTime: 'HH:MM:ss.l', sync: true }));
}
