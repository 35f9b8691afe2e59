import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class PipepluginDrop extends ClientCommand {
  static override readonly summary = 'Remove a plugin from the server. Refused while a pipe uses it.';
  static override readonly examples = [
    '<%= config.bin %> pipeplugin drop webhook-connector',
    '<%= config.bin %> pipeplugin drop webhook-connector --if-exists',
  ];
  static override readonly args = { plugin: Args.string({ description: 'name of the plugin', required: true }) };
  static override readonly flags = { 'if-exists': Flags.boolean({ description: 'succeed if there is none' }) };

  async run() {
    const { args, flags } = await this.parse(PipepluginDrop);
    await this.client(flags).rows(`DROP PIPEPLUGIN ${flags['if-exists'] ? 'IF EXISTS ' : ''}${quoteName(args.plugin)}`);
    this.log(`dropped ${args.plugin}`);
    return { plugin: args.plugin };
  }
}
