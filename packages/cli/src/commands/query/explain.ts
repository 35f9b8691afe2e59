import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteText } from '../../output/sql-text.ts';

export default class QueryExplain extends ClientCommand {
  static override readonly summary = 'Show the plan of a statement, or what a running query is doing.';
  static override readonly examples = [
    "<%= config.bin %> query explain 'SELECT count() FROM flights'",
    '<%= config.bin %> query explain 6f1c0a52-0f5e-4a57-9f0e-1f2f3a4b5c6d',
  ];
  static override readonly args = { query: Args.string({ description: 'a SELECT, or the id of a running query', required: true }) };

  async run() {
    const { args, flags } = await this.parse(QueryExplain);
    const isStatement = /^\s*(select|with|insert|create)\b/i.test(args.query);
    const sql = isStatement ? `EXPLAIN ${args.query}` : `EXPLAIN LIVE ${quoteText(args.query)}`;
    const rows = await this.client(flags).rows(sql);
    const lines = rows.map((row) => String(Object.values(row)[0]));
    this.log(lines.join('\n'));
    return { lines };
  }
}
