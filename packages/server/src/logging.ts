import type { Logger } from '@millrace/core';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { ConfigurationValues } from './configuration/keys.ts';

/** The process's logger: one line an event on stderr, human on a terminal, else JSON. */
export function createLogger(
  values: Pick<ConfigurationValues, 'log.level' | 'log.format'>,
  stream: NodeJS.WriteStream = process.stderr,
): Logger {
  const options = { level: values['log.level'], base: null };
  const human = values['log.format'] === 'human' || (values['log.format'] === 'auto' && stream.isTTY);
  if (!human) return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return pino(options, pretty({ destination: stream, colorize: stream.isTTY, translateTime: 'HH:MM:ss.l', sync: true }));
}
