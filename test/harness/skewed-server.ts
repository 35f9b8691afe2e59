/**
 * A server whose clock is wrong, in a process of its own: takes `--data-dir` and `--brokers`. Its clock is `MILLRACE_TEST_AHEAD_MS` ahead of the machine's
 * (or behind), and each number that comes as a line moves it by so many ms.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createLogger, createServer, loadConfiguration } from '@millrace/server';
import { SkewedClock } from './skewed-clock.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { 'data-dir': text, 'http-port': text, timezone: text, brokers: text } });
const flags = {
  data_dir: values['data-dir'],
  'http.port': Number(values['http-port']),
  timezone: values.timezone,
  'kafka.brokers': values.brokers,
};
const configuration = loadConfiguration({ workingDirectory: values['data-dir']!, flags });
const clock = new SkewedClock();
clock.advance(Number(process.env['MILLRACE_TEST_AHEAD_MS'] ?? 0));
const server = await createServer(configuration, { clock, logger: createLogger(configuration.values), engine: { inProcess: true } });
console.log(`HTTP ${server.url}`);
for await (const line of createInterface({ input: process.stdin })) clock.advance(Number(line));
