import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class StreamDrop extends ClientCommand {
  static override readonly summary = 'Drop a stream, and its topic if the stream made it.';
  static override readonly examples = ['<%= config.bin %> stream drop trips', '<%= config.bin %> stream drop trips --if-exists'];
  static override readonly args = { stream: Args.string({ description: 'name of the stream', required: true }) };
  static override readonly flags = { 'if-exists': Flags.boolean({ description: 'succeed if there is none' }) };

  async run() {
    const { args, flags } = await this.parse(StreamDrop);
    const sql = `DROP STREAM ${flags['if-exists'] ? 'IF EXISTS ' : ''}${quoteName(args.stream)}`;
    await this.client(flags)
      .execute(sql)
      .then((answer) => answer.text());
    this.log(`dropped ${args.stream}`);
    return { stream: args.stream };
  }
}
