import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class ViewUnpause extends ClientCommand {
  static override readonly summary = 'Let a materialized view go on where it stopped; also one that has ended with an error.';
  static override readonly examples = ['<%= config.bin %> view unpause late', '<%= config.bin %> view unpause late --json'];
  static override readonly args = { view: Args.string({ description: 'name of the view', required: true }) };

  async run() {
    const { args, flags } = await this.parse(ViewUnpause);
    await this.client(flags)
      .execute(`SYSTEM UNPAUSE MATERIALIZED VIEW ${quoteName(args.view)}`)
      .then((answer) => answer.text());
    this.log(`unpaused ${args.view}`);
    return { view: args.view };
  }
}
