import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { stageFlags, stages, stageText } from '../../pipe/stage-flags.ts';
import { UsageError } from '../../usage-error.ts';

export default class PipeAlter extends ClientCommand {
  static override readonly summary = 'Change the attributes of one stage of a pipe; it goes on where it is.';
  static override readonly examples = [
    '<%= config.bin %> pipe alter late --extractor pattern=root.flights.AA',
    '<%= config.bin %> pipe alter late --replace --connector do-nothing-connector',
  ];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };
  static override readonly flags = {
    ...stageFlags,
    replace: Flags.boolean({ description: 'let go of the attributes that are not named' }),
  };

  async run() {
    const { args, flags } = await this.parse(PipeAlter);
    const [stage, ...more] = stages.filter((candidate) => flags[candidate] !== undefined);
    if (stage === undefined || more.length > 0)
      throw new UsageError('exactly one of --extractor, --processor, --connector is changed at a time');
    const mode = flags.replace ? 'REPLACE' : 'MODIFY';
    const statement = `ALTER PIPE ${quoteName(args.pipe)} ${mode} ${stage.toUpperCase()} ${stageText(stage, flags[stage]!)}`;
    await this.client(flags)
      .execute(statement)
      .then((answer) => answer.text());
    this.log(`altered ${args.pipe}`);
    return { pipe: args.pipe, statement };
  }
}
