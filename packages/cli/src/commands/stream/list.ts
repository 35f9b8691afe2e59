import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteText } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class StreamList extends ClientCommand {
  static override readonly summary = 'List streams.';
  static override readonly examples = ['<%= config.bin %> stream list', "<%= config.bin %> stream list --like 'flight%' --json"];
  static override readonly flags = { like: Flags.string({ description: 'only names like this pattern (% and _)' }) };

  async run() {
    const { flags } = await this.parse(StreamList);
    const like = flags.like === undefined ? '' : ` LIKE ${quoteText(flags.like)}`;
    const streams = await this.client(flags).rows(`SHOW STREAMS${like}`);
    this.log(renderTable(streams, streams.length === 0 ? ['streams'] : undefined));
    return { streams };
  }
}
