import { parseArgs } from 'node:util';
import { asMillraceError, type LogFields, type Logger } from '@millrace/core';
import { Broker } from './broker.ts';

/**
 * The broker alone in a process: `--data-dir` (must be given), `--host`, `--port`, `--partitions`, `--flush-messages`, `--flush-ms`,
 * `--no-auto-create`. Prints `listening on host:port` once it does; SIGTERM and SIGINT close it.
 */
const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '9092' },
    partitions: { type: 'string', default: '1' },
    'flush-messages': { type: 'string' },
    'flush-ms': { type: 'string' },
    'no-auto-create': { type: 'boolean', default: false },
  },
});

function stderrLogger(context: LogFields = {}): Logger {
  const line = (level: string) => (fields: LogFields, message: string) =>
    void process.stderr.write(`${level} ${message} ${JSON.stringify({ ...context, ...fields })}\n`);
  return { debug() {}, info() {}, warn: line('warn'), error: line('error'), child: (fields) => stderrLogger({ ...context, ...fields }) };
}

try {
  if (values['data-dir'] === undefined) throw new Error('--data-dir must be given');
  const broker = new Broker(
    {
      dataDirectory: values['data-dir'],
      host: values.host,
      port: Number(values.port),
      defaultPartitions: Number(values.partitions),
      autoCreateTopics: !values['no-auto-create'],
      ...(values['flush-messages'] === undefined ? {} : { flushMessages: Number(values['flush-messages']) }),
      ...(values['flush-ms'] === undefined ? {} : { flushMs: Number(values['flush-ms']) }),
    },
    { logger: stderrLogger() },
  );
  await broker.open();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void broker.close().then(() => process.exit(0)));
  process.stdout.write(`listening on ${broker.address}\n`);
} catch (failure) {
  process.stderr.write(`${asMillraceError(failure).message}\n`);
  process.exitCode = 1;
}
