import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class StreamTail extends ClientCommand {
  static override readonly summary = 'Print the rows of a stream as they come, one JSON object a line. Ctrl-C ends it.';
  static override readonly enableJsonFlag = false;
  static override readonly examples = [
    '<%= config.bin %> stream tail flights',
    "<%= config.bin %> stream tail flights --from earliest --limit 10 --where 'delay > 60'",
  ];
  static override readonly args = { stream: Args.string({ description: 'name of the stream', required: true }) };
  static override readonly flags = {
    from: Flags.string({ description: 'earliest, latest, a time, -2h, or offsets: where to begin', default: 'latest' }),
    where: Flags.string({ description: 'only rows for which this SQL expression holds' }),
    limit: Flags.integer({ description: 'end after so many rows', min: 1 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StreamTail);
    const where = flags.where === undefined ? '' : ` WHERE ${flags.where}`;
    const limit = flags.limit === undefined ? '' : ` LIMIT ${flags.limit}`;
    const sql = `SELECT * FROM ${quoteName(args.stream)}${where}${limit}`;
    const answer = await this.client(flags).execute(sql, {
      format: 'JSONEachRow',
      settings: { seek_to: flags.from },
      signal: untilInterrupted(),
    });
    for await (const line of answer.lines()) this.log(line);
  }
}
