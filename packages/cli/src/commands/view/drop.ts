import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class ViewDrop extends ClientCommand {
  static override readonly summary =
    'Drop a view; of a materialized one also its state, and what it has computed unless it wrote into another stream.';
  static override readonly examples = ['<%= config.bin %> view drop late', '<%= config.bin %> view drop late --if-exists'];
  static override readonly args = { view: Args.string({ description: 'name of the view', required: true }) };
  static override readonly flags = { 'if-exists': Flags.boolean({ description: 'succeed if there is none' }) };

  async run() {
    const { args, flags } = await this.parse(ViewDrop);
    await this.client(flags)
      .execute(`DROP VIEW ${flags['if-exists'] ? 'IF EXISTS ' : ''}${quoteName(args.view)}`)
      .then((answer) => answer.text());
    this.log(`dropped ${args.view}`);
    return { view: args.view };
  }
}
