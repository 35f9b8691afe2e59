import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class ViewCreate extends ClientCommand {
  static override readonly summary = 'Create a materialized view: a query that runs from now on and writes what it gives into a stream.';
  static override readonly description =
    'It ends when the view runs: what is written to its sources from then on is in it. A plain view is made with `sql`.';
  static override readonly examples = [
    '<%= config.bin %> view create late "SELECT carrier, delay FROM flights WHERE delay > 60"',
    '<%= config.bin %> view create all_late --into late_flights "SELECT * FROM flights WHERE delay > 0 SETTINGS seek_to = \'earliest\'"',
  ];
  static override readonly args = {
    view: Args.string({ description: 'name of the view', required: true }),
    query: Args.string({ description: 'the SELECT that it runs, with its SETTINGS', required: true }),
  };
  static override readonly flags = {
    into: Flags.string({ description: 'stream to write into; default: one of its own, with its name' }),
    'if-not-exists': Flags.boolean({ description: 'succeed if the view exists already' }),
  };

  async run() {
    const { args, flags } = await this.parse(ViewCreate);
    const into = flags.into === undefined ? '' : ` INTO ${quoteName(flags.into)}`;
    const sql = `CREATE MATERIALIZED VIEW ${flags['if-not-exists'] ? 'IF NOT EXISTS ' : ''}${quoteName(args.view)}${into} AS ${args.query}`;
    await this.client(flags)
      .execute(sql)
      .then((answer) => answer.text());
    this.log(`created ${args.view}`);
    return { view: args.view, statement: sql };
  }
}
