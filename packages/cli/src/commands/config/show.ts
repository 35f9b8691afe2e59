import { BaseCommand } from '../../base-command.ts';
import { configurationFlags, configurationInput } from '../../configuration-flags.ts';
import { renderTable } from '../../output/table.ts';

export default class ConfigShow extends BaseCommand {
  static override readonly summary = 'Show the effective configuration and where each value comes from.';
  static override readonly examples = [
    '<%= config.bin %> config show',
    '<%= config.bin %> config show --config /etc/millrace/millrace.yaml --json',
  ];
  static override readonly flags = configurationFlags;

  async run() {
    const { flags } = await this.parse(ConfigShow);
    const { loadConfiguration, showConfiguration } = await import('@millrace/server');
    const configuration = loadConfiguration(configurationInput(flags));
    const keys = showConfiguration(configuration);
    this.log(
      renderTable(
        keys.map((key) => ({ ...key })),
        ['key', 'value', 'origin', 'help'],
      ),
    );
    return { file: configuration.file, keys };
  }
}
