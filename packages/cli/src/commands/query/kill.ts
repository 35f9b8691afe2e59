import { Args } from '@oclif/core';
import { NotThere } from '../../api/errors.ts';
import { ClientCommand } from '../../base-command.ts';
import { quoteText } from '../../output/sql-text.ts';

export default class QueryKill extends ClientCommand {
  static override readonly summary = 'End a running query; its client is told that it was cancelled.';
  static override readonly examples = [
    '<%= config.bin %> query kill 6f1c0a52-0f5e-4a57-9f0e-1f2f3a4b5c6d',
    '<%= config.bin %> query kill my-query --json',
  ];
  static override readonly args = { query: Args.string({ description: 'id of the query, as `query list` shows it', required: true }) };

  async run() {
    const { args, flags } = await this.parse(QueryKill);
    const killed = await this.client(flags).rows(`KILL QUERY WHERE query_id = ${quoteText(args.query)}`);
    if (killed.length === 0) throw new NotThere(`no query ${args.query} is running`, '`millrace query list` lists those that are');
    this.log(`killed ${args.query}`);
    return { query: args.query };
  }
}
