import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@millrace/core';
import { Flags } from '@oclif/core';
import { ApiClient } from '../api/client.ts';
import { BaseCommand } from '../base-command.ts';
import { arrivalBlocks, bundledFlightsPath, readFlights } from '../demo/flights.ts';
import { dailyDelays, runShow, type ShowResult } from '../demo/show.ts';

export default class Demo extends BaseCommand {
  static override readonly summary = 'Show streaming SQL over real data: flights of 2001, replayed as a live stream.';
  static override readonly description =
    'Starts a server with an embedded broker in a temporary directory, replays 20,000 flights with their own event times sped up, and shows a windowed aggregate as it comes. It stays up until Ctrl-C, so that the commands it names can be tried.';
  static override readonly examples = ['<%= config.bin %> demo', '<%= config.bin %> demo --once --data my-flights.csv'];
  static override readonly flags = {
    once: Flags.boolean({ description: 'end after some windows' }),
    data: Flags.string({ description: 'another file of flights: JSON, NDJSON or CSV with date, delay, distance, origin, destination' }),
    windows: Flags.integer({ description: 'with --once: after how many windows', default: 10, min: 1 }),
    seed: Flags.integer({ description: 'of the order in which the flights arrive', default: 1 }),
    speed: Flags.integer({ description: 'days of flights in a second', default: 3, min: 1 }),
  };

  async run(): Promise<ShowResult> {
    const { flags } = await this.parse(Demo);
    const blocks = arrivalBlocks(readFlights(flags.data ?? bundledFlightsPath()), flags.seed);
    const directory = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
    const abort = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
    const { createLogger, createServer, loadConfiguration } = await import('@millrace/server');
    const configuration = loadConfiguration({
      workingDirectory: directory,
      flags: { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC', 'log.level': 'warn' },
    });
    const server = await createServer(configuration, { logger: createLogger(configuration.values) });
    try {
      this.log(`Millrace is up: HTTP ${server.url}, Kafka ${server.brokers.join(',')} (embedded broker)\n\n${dailyDelays}\n`);
      const output = this.jsonEnabled() ? process.stderr : process.stdout;
      const windows = flags.once ? flags.windows : null;
      const result = await runShow(new ApiClient(server.url), {
        blocks,
        windows,
        daysPerSecond: flags.speed,
        output,
        clock: systemClock,
        signal: abort.signal,
      });
      this.log(`\n${result.windows.length} windows of ${result.rowsSent} flights, ${result.rowsLate} of them late: dropped and counted\n`);
      if (!flags.once && !abort.signal.aborted) {
        this.log(`Try, while this stays up (Ctrl-C ends it):\n${suggestions(server.url, server.brokers.join(','))}`);
        await new Promise<void>((resolve) => abort.signal.addEventListener('abort', () => resolve(), { once: true }));
      } else if (flags.once) this.log('Next: `npm run demo` without --once stays up and names commands to try');
      return result;
    } finally {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

/** Commands that work as printed, in another terminal. */
function suggestions(url: string, brokers: string): string {
  const millrace = import.meta.url.endsWith('.ts') ? 'npx millrace' : 'millrace';
  return [
    `  ${millrace} sql --url ${url} "SELECT origin, count() AS flights, round(avg(delay), 1) AS delay FROM table(flights) GROUP BY origin ORDER BY flights DESC LIMIT 10"`,
    `  ${millrace} stream tail flights --url ${url} --from earliest --limit 5`,
    `  ${millrace} topic describe flights --brokers ${brokers}`,
  ].join('\n');
}
