import { BaseCommand } from '../base-command.ts';
import { configurationFlags, configurationInput } from '../configuration-flags.ts';
import { untilSignalled } from '../until-signalled.ts';

export default class Server extends BaseCommand {
  static override readonly summary = 'Start a server.';
  static override readonly description =
    'Serves SQL over HTTP, and without --brokers starts an embedded Kafka broker too. SIGTERM and Ctrl-C stop it cleanly; a second signal at once.';
  static override readonly enableJsonFlag = false;
  static override readonly examples = [
    '<%= config.bin %> server',
    '<%= config.bin %> server --brokers kafka-1:9092,kafka-2:9092 --data-dir /var/lib/millrace',
  ];
  static override readonly flags = configurationFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Server);
    const { createLogger, createServer, loadConfiguration } = await import('@millrace/server');
    const configuration = loadConfiguration(configurationInput(flags));
    const server = await createServer(configuration, { logger: createLogger(configuration.values) });
    this.log(banner(server, configuration.values.data_dir));
    await untilSignalled();
    await server.close();
  }
}

function banner(
  server: { readonly url: string; readonly brokers: readonly string[]; readonly isBrokerEmbedded: boolean },
  dataDirectory: string,
): string {
  const url = server.url === 'http://127.0.0.1:3218' ? '' : ` --url ${server.url}`;
  return [
    'Millrace is ready',
    `  HTTP    ${server.url}`,
    `  Kafka   ${server.brokers.join(',')}${server.isBrokerEmbedded ? ' (embedded broker)' : ''}`,
    `  data    ${dataDirectory}`,
    '',
    `  try     millrace sql${url}`,
  ].join('\n');
}
