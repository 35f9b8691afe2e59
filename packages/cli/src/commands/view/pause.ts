import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class ViewPause extends ClientCommand {
  static override readonly summary = 'Stop a materialized view; it keeps its state and where it stands.';
  static override readonly examples = ['<%= config.bin %> view pause late', '<%= config.bin %> view pause late --json'];
  static override readonly args = { view: Args.string({ description: 'name of the view', required: true }) };

  async run() {
    const { args, flags } = await this.parse(ViewPause);
    await this.client(flags)
      .execute(`SYSTEM PAUSE MATERIALIZED VIEW ${quoteName(args.view)}`)
      .then((answer) => answer.text());
    this.log(`paused ${args.view}`);
    return { view: args.view };
  }
}
