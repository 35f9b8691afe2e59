import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class StreamDescribe extends ClientCommand {
  static override readonly summary = 'Show the columns of a stream or view, and the statement that makes it.';
  static override readonly examples = ['<%= config.bin %> stream describe flights', '<%= config.bin %> stream describe flights --json'];
  static override readonly args = { stream: Args.string({ description: 'name of the stream', required: true }) };

  async run() {
    const { args, flags } = await this.parse(StreamDescribe);
    const client = this.client(flags);
    const columns = await client.rows(`DESCRIBE ${quoteName(args.stream)}`);
    const [created] = await client.rows(`SHOW CREATE ${quoteName(args.stream)}`);
    const statement = String(Object.values(created ?? {})[0] ?? '');
    this.log(`${renderTable(columns)}\n\n${statement}`);
    return { stream: args.stream, columns, statement };
  }
}
