import { setTimeout as pause } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import type { ApiClient } from '../../api/client.ts';
import { ClientCommand } from '../../base-command.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { quoteText } from '../../output/sql-text.ts';
import { renderTable, type TableRow } from '../../output/table.ts';

const refreshMs = 1000;
/** Moves to the upper left corner and clears what is below. */
const clear = '\u001b[H\u001b[0J';

export default class ViewList extends ClientCommand {
  static override readonly summary =
    'List views: materialized ones with state, lag (records that are not processed yet) and rate (records a second).';
  static override readonly examples = ['<%= config.bin %> view list', '<%= config.bin %> view list --watch'];
  static override readonly flags = {
    like: Flags.string({ description: 'only names like this pattern (% and _)' }),
    watch: Flags.boolean({ description: 'show it again every second, until Ctrl-C', char: 'w' }),
  };

  async run() {
    const { flags } = await this.parse(ViewList);
    const like = flags.like === undefined ? '' : ` LIKE ${quoteText(flags.like)}`;
    const client = this.client(flags);
    const signal = flags.watch && !this.jsonEnabled() ? untilInterrupted() : null;
    for (;;) {
      const views = await viewsOf(client, like);
      const table = renderTable(views, views.length === 0 ? ['views'] : undefined);
      this.log(signal !== null && process.stdout.isTTY ? `${clear}${table}` : table);
      if (signal === null) return { views };
      await pause(refreshMs, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

async function viewsOf(client: ApiClient, like: string): Promise<TableRow[]> {
  const [materialized, plain] = [await client.rows(`SHOW MATERIALIZED VIEWS${like}`), await client.rows(`SHOW VIEWS${like}`)];
  const rows = materialized.map(({ name, ...rest }) => ({ name, kind: 'materialized', ...rest, rate: Number(rest['rate']).toFixed(1) }));
  return [...rows, ...plain.map(({ name }) => ({ name, kind: 'plain' }))];
}
