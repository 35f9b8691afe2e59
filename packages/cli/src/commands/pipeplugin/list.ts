import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteText } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class PipepluginList extends ClientCommand {
  static override readonly summary = 'List the plugins that pipes can use, and those that cannot be loaded.';
  static override readonly examples = ['<%= config.bin %> pipeplugin list', "<%= config.bin %> pipeplugin list --like '%connector'"];
  static override readonly flags = { like: Flags.string({ description: 'only names like this pattern (% and _)' }) };

  async run() {
    const { flags } = await this.parse(PipepluginList);
    const like = flags.like === undefined ? '' : ` LIKE ${quoteText(flags.like)}`;
    const rows = await this.client(flags).rows(`SHOW PIPEPLUGINS${like}`);
    const plugins = rows.map((row) => ({
      name: row['PluginName'],
      type: row['PluginType'],
      package: row['ClassName'],
      error: row['ExceptionMessage'] === 'None' ? '' : row['ExceptionMessage'],
    }));
    this.log(renderTable(plugins, plugins.length === 0 ? ['plugins'] : undefined));
    return { plugins };
  }
}
