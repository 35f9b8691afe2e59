import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class PipeDrop extends ClientCommand {
  static override readonly summary = 'Drop a pipe, running or not, and where it stands; its dead letters stay.';
  static override readonly examples = ['<%= config.bin %> pipe drop late', '<%= config.bin %> pipe drop late --if-exists'];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };
  static override readonly flags = { 'if-exists': Flags.boolean({ description: 'succeed if there is none' }) };

  async run() {
    const { args, flags } = await this.parse(PipeDrop);
    await this.client(flags)
      .execute(`DROP PIPE ${flags['if-exists'] ? 'IF EXISTS ' : ''}${quoteName(args.pipe)}`)
      .then((answer) => answer.text());
    this.log(`dropped ${args.pipe}`);
    return { pipe: args.pipe };
  }
}
