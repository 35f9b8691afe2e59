import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class PipeExplain extends ClientCommand {
  static override readonly summary = 'Show what a pipe does, stage by stage and partition by partition, and how far it is.';
  static override readonly examples = ['<%= config.bin %> pipe explain late', '<%= config.bin %> pipe explain late --json'];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };

  async run() {
    const { args, flags } = await this.parse(PipeExplain);
    const rows = await this.client(flags).rows(`EXPLAIN PIPE ${quoteName(args.pipe)}`);
    const lines = rows.map((row) => String(row['explain']));
    this.log(lines.join('\n'));
    return { pipe: args.pipe, lines };
  }
}
