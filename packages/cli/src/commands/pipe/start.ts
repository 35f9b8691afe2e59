import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class PipeStart extends ClientCommand {
  static override readonly summary = 'Let a pipe run, from where it was stopped; what it has failed with is forgotten.';
  static override readonly examples = ['<%= config.bin %> pipe start late', '<%= config.bin %> pipe start late --json'];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };

  async run() {
    const { args, flags } = await this.parse(PipeStart);
    const [answer] = await this.client(flags).rows(`START PIPE ${quoteName(args.pipe)}`);
    const result = String(answer?.['result']);
    this.log(result);
    return { pipe: args.pipe, result };
  }
}
