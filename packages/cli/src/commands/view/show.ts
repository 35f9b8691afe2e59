import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName, quoteText } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class ViewShow extends ClientCommand {
  static override readonly summary = 'Show what a view gives, the statement that makes it and, of a materialized one, how it does.';
  static override readonly examples = ['<%= config.bin %> view show delays', '<%= config.bin %> view show delays --json'];
  static override readonly args = { view: Args.string({ description: 'name of the view', required: true }) };

  async run() {
    const { args, flags } = await this.parse(ViewShow);
    const client = this.client(flags);
    const columns = await client.rows(`DESCRIBE ${quoteName(args.view)}`);
    const [created] = await client.rows(`SHOW CREATE VIEW ${quoteName(args.view)}`);
    const statement = String(Object.values(created ?? {})[0] ?? '');
    const pattern = args.view.replace(/[\\%_]/g, '\\$&');
    const [status] = await client.rows(`SHOW MATERIALIZED VIEWS LIKE ${quoteText(pattern)}`);
    const figures = status === undefined ? '' : `\n\n${renderTable(Object.entries(status).map(([name, value]) => ({ name, value })))}`;
    this.log(`${renderTable(columns)}\n\n${statement}${figures}`);
    return { view: args.view, columns, statement, status: status ?? null };
  }
}
