import { setTimeout as pause } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import type { ApiClient } from '../../api/client.ts';
import { ClientCommand } from '../../base-command.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { quoteName, quoteText } from '../../output/sql-text.ts';
import { renderTable, type TableRow } from '../../output/table.ts';

const refreshMs = 1000;
/** Moves to the upper left corner and clears what is below. */
const clear = '\u001b[H\u001b[0J';

export default class PipeList extends ClientCommand {
  static override readonly summary = 'List pipes with state, what they have still to deliver, and what they have failed with.';
  static override readonly examples = ['<%= config.bin %> pipe list', '<%= config.bin %> pipe list --watch'];
  static override readonly flags = {
    like: Flags.string({ description: 'only names like this pattern (% and _)' }),
    'used-by': Flags.string({ description: 'only pipes that share their connector with this one' }),
    watch: Flags.boolean({ description: 'show it again every second, until Ctrl-C', char: 'w' }),
  };

  async run() {
    const { flags } = await this.parse(PipeList);
    const usedBy = flags['used-by'] === undefined ? '' : ` WHERE CONNECTOR USED BY ${quoteName(flags['used-by'])}`;
    const like = flags.like === undefined ? '' : ` LIKE ${quoteText(flags.like)}`;
    const client = this.client(flags);
    const signal = flags.watch && !this.jsonEnabled() ? untilInterrupted() : null;
    for (;;) {
      const pipes = await pipesOf(client, `${usedBy}${like}`);
      const table = renderTable(pipes, pipes.length === 0 ? ['pipes'] : undefined);
      this.log(signal !== null && process.stdout.isTTY ? `${clear}${table}` : table);
      if (signal === null) return { pipes };
      await pause(refreshMs, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

async function pipesOf(client: ApiClient, conditions: string): Promise<TableRow[]> {
  const rows = await client.rows(`SHOW PIPES${conditions}`);
  return rows.map((row) => ({
    name: row['ID'],
    state: row['State'],
    remaining: row['RemainingEventCount'],
    seconds: row['EstimatedRemainingSeconds'],
    connector: pluginOf(String(row['PipeConnector'])),
    error: row['ExceptionMessage'] === 'None' ? '' : row['ExceptionMessage'],
  }));
}

/** Of `{connector=tap-connector, …}` the name. */
function pluginOf(attributes: string): string {
  return /^\{(?:.*, )?(?:connector|sink)=([^,}]*)/.exec(attributes)?.[1] ?? '';
}
