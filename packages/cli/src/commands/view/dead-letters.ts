import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';
import { UsageError } from '../../usage-error.ts';

export default class ViewDeadLetters extends ClientCommand {
  static override readonly summary =
    'List the records that materialized views could not process, or have a view process its own once more.';
  static override readonly examples = [
    '<%= config.bin %> view dead-letters',
    '<%= config.bin %> view dead-letters late --json',
    '<%= config.bin %> view dead-letters late --replay --where "error LIKE \'%zero%\'"',
  ];
  static override readonly args = { view: Args.string({ description: 'only those of this view' }) };
  static override readonly flags = {
    replay: Flags.boolean({ description: 'let the view process them once more, after what was wrong is mended' }),
    where: Flags.string({ description: 'only those: a condition over the columns of the list', dependsOn: ['replay'] }),
  };

  async run() {
    const { args, flags } = await this.parse(ViewDeadLetters);
    const client = this.client(flags);
    if (flags.replay) {
      if (args.view === undefined) throw new UsageError('--replay needs the name of the view');
      const where = flags.where === undefined ? '' : ` WHERE ${flags.where}`;
      const [answer] = await client.rows(`REPLAY DEAD LETTERS FOR ${quoteName(args.view)}${where}`);
      const replayed = Number(answer?.['replayed']);
      this.log(`replayed ${replayed} of ${args.view}`);
      return { view: args.view, replayed };
    }
    const letters = await client.rows(`SHOW DEAD LETTERS${args.view === undefined ? '' : ` FOR ${quoteName(args.view)}`}`);
    this.log(renderTable(letters, letters.length === 0 ? ['dead letters'] : undefined));
    return { letters };
  }
}
