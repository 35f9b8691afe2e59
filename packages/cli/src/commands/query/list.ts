import { ClientCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';

export default class QueryList extends ClientCommand {
  static override readonly summary = 'List the queries that are running.';
  static override readonly examples = ['<%= config.bin %> query list', '<%= config.bin %> query list --json'];

  async run() {
    const { flags } = await this.parse(QueryList);
    const queries = await this.client(flags).rows('SHOW QUERIES');
    this.log(renderTable(queries, queries.length === 0 ? ['queries'] : undefined));
    return { queries };
  }
}
