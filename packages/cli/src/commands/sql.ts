import { Args, Flags } from '@oclif/core';
import type { JsonRow } from '../api/client.ts';
import { ClientCommand } from '../base-command.ts';
import { untilInterrupted } from '../interrupt.ts';
import { readText } from '../read-file.ts';
import { UsageError } from '../usage-error.ts';

export default class Sql extends ClientCommand {
  static override readonly summary = 'Run statements, or open a shell.';
  static override readonly description =
    'Without a query, on a terminal, a shell opens: statements end with `;`, Tab completes, Ctrl-C cancels a query, Ctrl-D leaves. Otherwise the statements of QUERY, --file or stdin run in order, and the first failure ends it. `INSERT … FORMAT name` as QUERY takes its rows from stdin. With --json the rows of the last statement are printed once it has ended.';
  static override readonly examples = [
    '<%= config.bin %> sql',
    "<%= config.bin %> sql 'SELECT count() FROM table(flights)' --json",
    "<%= config.bin %> sql 'INSERT INTO trips FORMAT CSV' < trips.csv",
    "<%= config.bin %> sql 'SELECT {name:string} AS name' --param name=Ada --format JSONEachRow",
  ];
  static override readonly args = { query: Args.string({ description: 'one or more statements' }) };
  static override readonly flags = {
    file: Flags.string({ char: 'f', description: 'file of statements; - is stdin' }),
    format: Flags.string({ description: 'format of the answers; default PrettyCompact on a terminal, else TabSeparated' }),
    param: Flags.string({ description: 'name=value for {name:type}, may be given several times', multiple: true, multipleNonGreedy: true }),
  };

  async run(): Promise<{ rows: JsonRow[] } | undefined> {
    const { args, flags } = await this.parse(Sql);
    if (args.query !== undefined && flags.file !== undefined) throw new UsageError('give either QUERY or --file, not both');
    if (this.jsonEnabled() && flags.format !== undefined) throw new UsageError('give either --json or --format, not both');
    const client = this.client(flags);
    const parameters = readParameters(flags.param ?? []);
    if (args.query === undefined && flags.file === undefined && !this.jsonEnabled() && process.stdin.isTTY && process.stdout.isTTY) {
      const { openShell } = await import('../shell/open-shell.ts');
      await openShell(client, { format: flags.format ?? 'PrettyCompact', parameters, version: this.config.version });
      return undefined;
    }
    const script = args.query ?? (await readText(flags.file ?? '-'));
    const { lastRows, runScript } = await import('../sql/run-script.ts');
    const options = { parameters, signal: untilInterrupted(), data: args.query === undefined ? null : process.stdin };
    if (this.jsonEnabled()) return { rows: await lastRows(client, script, options) };
    const format = flags.format ?? (process.stdout.isTTY ? 'PrettyCompact' : 'TabSeparated');
    await runScript(client, script, { ...options, format, output: process.stdout });
    return undefined;
  }
}

function readParameters(given: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const entry of given) {
    const at = entry.indexOf('=');
    if (at < 1) throw new UsageError(`--param takes name=value, not ${JSON.stringify(entry)}`);
    parameters[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return parameters;
}
