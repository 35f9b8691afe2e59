import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class PipeStop extends ClientCommand {
  static override readonly summary = 'Stop a pipe; it keeps where it stands.';
  static override readonly examples = ['<%= config.bin %> pipe stop late', '<%= config.bin %> pipe stop late --json'];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };

  async run() {
    const { args, flags } = await this.parse(PipeStop);
    const [answer] = await this.client(flags).rows(`STOP PIPE ${quoteName(args.pipe)}`);
    const result = String(answer?.['result']);
    this.log(result);
    return { pipe: args.pipe, result };
  }
}
