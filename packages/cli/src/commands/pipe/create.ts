import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { type Stage, stageFlags, stages, stageText } from '../../pipe/stage-flags.ts';
import { UsageError } from '../../usage-error.ts';

export default class PipeCreate extends ClientCommand {
  static override readonly summary =
    'Create a pipe: it reads streams, may change what it reads, and delivers it. It is stopped until it is started.';
  static override readonly description =
    'Its plugins and attributes are checked, and its target is tried: if anything is wrong nothing is created.';
  static override readonly examples = [
    '<%= config.bin %> pipe create late --extractor pattern=root.flights --connector file-connector --connector path=out/flights.ndjson --start',
    '<%= config.bin %> pipe create copy --connector kafka-connector --connector topic=copies',
  ];
  static override readonly args = { pipe: Args.string({ description: 'name of the pipe', required: true }) };
  static override readonly flags = {
    ...stageFlags,
    start: Flags.boolean({ description: 'start it as well' }),
    'if-not-exists': Flags.boolean({ description: 'succeed if the pipe exists already' }),
  };

  async run() {
    const { args, flags } = await this.parse(PipeCreate);
    if (flags.connector === undefined)
      throw new UsageError('--connector is missing', 'it names the plugin that delivers: --connector kafka-connector');
    const clause = (stage: Stage) => (flags[stage] === undefined ? '' : ` WITH ${stage.toUpperCase()} ${stageText(stage, flags[stage])}`);
    const statement = `CREATE PIPE ${flags['if-not-exists'] ? 'IF NOT EXISTS ' : ''}${quoteName(args.pipe)}${stages.map(clause).join('')}`;
    const client = this.client(flags);
    await client.execute(statement).then((answer) => answer.text());
    this.log(`created ${args.pipe}`);
    if (flags.start) {
      await client.rows(`START PIPE ${quoteName(args.pipe)}`);
      this.log(`started ${args.pipe}`);
    }
    return { pipe: args.pipe, statement, started: flags.start };
  }
}
