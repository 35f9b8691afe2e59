import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class PipeShow extends ClientCommand {
  static override readonly summary = 'Show a pipe: its state, stages, what it has failed with, and what it has still to deliver.';
  static override readonly examples = ['<%= config.bin %> pipe show late', '<%= config.bin %> pipe show late --dead-letters'];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };
  static override readonly flags = { 'dead-letters': Flags.boolean({ description: 'list the records that it has passed over instead' }) };

  async run() {
    const { args, flags } = await this.parse(PipeShow);
    const client = this.client(flags);
    if (flags['dead-letters']) {
      const letters = await client.rows(`SHOW DEAD LETTERS FOR PIPE ${quoteName(args.pipe)}`);
      this.log(renderTable(letters, letters.length === 0 ? ['dead letters'] : undefined));
      return { pipe: args.pipe, letters };
    }
    const [row = {}] = await client.rows(`SHOW PIPE ${quoteName(args.pipe)}`);
    this.log(renderTable(Object.entries(row).map(([name, value]) => ({ name, value }))));
    return { pipe: args.pipe, status: row };
  }
}
