import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { systemClock } from '@millrace/core';
import { Flags } from '@oclif/core';
import { ApiClient } from '../api/client.ts';
import { BaseCommand } from '../base-command.ts';
import { arrivalBlocks, bundledFlightsPath, readFlights } from '../demo/flights.ts';
import { dailyDelays, runShow, type ShowResult } from '../demo/show.ts';
import { Interrupted } from '../report-error.ts';

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
    const flights = await readFlights(flags.data ?? bundledFlightsPath());
    const directory = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
    const abort = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort(new Interrupted()));
    const { createLogger, createServer, loadConfiguration } = await import('@millrace/server');
    const configuration = loadConfiguration({
      workingDirectory: directory,
      flags: { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC', 'log.level': 'warn' },
    });
    const server = await createServer(configuration, { logger: createLogger(configuration.values) });
    try {
      const { highlightSql } = await import('../output/highlight-sql.ts');
      this.#announce(server, flights.length, flags.speed, highlightSql(dailyDelays, process.stdout));
      const result = await runShow(new ApiClient(server.url), {
        blocks: arrivalBlocks(flights, flags.seed),
        windows: flags.once ? flags.windows : null,
        daysPerSecond: flags.speed,
        output: this.jsonEnabled() ? process.stderr : process.stdout,
        clock: systemClock,
        signal: abort.signal,
      });
      abort.signal.throwIfAborted();
      this.#sumUp(result);
      if (flags.once) this.log('\nWithout --once it stays up, and names commands to try.');
      else await this.#stayUp(server, abort.signal);
      return result;
    } finally {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  #announce(server: Addresses, count: number, speed: number, query: string): void {
    const bold = (text: string) => styleText('bold', text, { stream: process.stdout });
    this.log(`${bold('Millrace')}  streaming SQL on Kafka\n`);
    this.log(`HTTP ${server.url}   Kafka ${server.brokers.join(',')} (embedded broker)`);
    this.log(`${count} flights go into the topic \`flights\`, ${speed} days a second, and this query runs over them:\n`);
    this.log(`${query}\n`);
  }

  #sumUp({ windows, rowsSent, rowsLate }: ShowResult): void {
    this.log(
      `\n${windows.length} ${windows.length === 1 ? 'day' : 'days'} closed over ${rowsSent} flights; ${rowsLate} flights came late.`,
    );
    this.log('Flights arrive out of order, one in fifty up to 12 hours. A day closes when a flight of the next day has arrived;');
    this.log('a flight that arrives after its day has closed is late: it is left out of the result, and counted.');
  }

  async #stayUp(server: Addresses, signal: AbortSignal): Promise<void> {
    this.log(`\nTry in another terminal, while this stays up (Ctrl-C ends it):\n${suggestions(server.url, server.brokers.join(','))}`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}

interface Addresses {
  readonly url: string;
  readonly brokers: readonly string[];
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
