import { Args } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';
import { renderTable } from '../../output/table.ts';

export default class PipepluginDescribe extends ClientCommand {
  static override readonly summary = 'Show the attributes of a plugin: what they are for, and what may stand in them.';
  static override readonly examples = [
    '<%= config.bin %> pipeplugin describe iotdb-extractor',
    '<%= config.bin %> pipeplugin describe webhook-connector --json',
  ];
  static override readonly args = { plugin: Args.string({ description: 'name of the plugin', required: true }) };

  async run() {
    const { args, flags } = await this.parse(PipepluginDescribe);
    const attributes = await this.client(flags).rows(`DESCRIBE PIPEPLUGIN ${quoteName(args.plugin)}`);
    this.log(renderTable(attributes, attributes.length === 0 ? ['attributes'] : undefined));
    return { plugin: args.plugin, attributes };
  }
}
