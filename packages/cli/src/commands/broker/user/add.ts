import { Args, Flags } from '@oclif/core';
import { KafkaCommand } from '../../../base-command.ts';
import { readPassword } from '../../../read-password.ts';

export default class BrokerUserAdd extends KafkaCommand {
  static override readonly summary = 'Add a user of a broker, or give one a new password.';
  static override readonly description =
    'The user can authenticate itself by SCRAM at once, on the embedded broker by PLAIN too. The password is asked for on a terminal, else the first line of stdin. Works with any Kafka cluster that keeps SCRAM credentials.';
  static override readonly examples = [
    '<%= config.bin %> broker user add ann',
    '<%= config.bin %> broker user add ann --brokers kafka-1:9092 --config-file admin.yaml < password',
  ];
  static override readonly args = { name: Args.string({ description: 'name of the user', required: true }) };
  static override readonly flags = {
    mechanism: Flags.string({
      description: 'how it may prove who it is; default both',
      options: ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const,
    }),
  };

  async run() {
    const { args, flags } = await this.parse(BrokerUserAdd);
    const { setScramPassword } = await import('@millrace/kafka-client');
    const mechanisms =
      flags.mechanism === undefined ? (['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) : ([flags.mechanism] as ['SCRAM-SHA-256']);
    const password = await readPassword(`password of ${args.name}: `);
    await this.withCluster(flags, ({ client }) => setScramPassword(client, args.name, password, mechanisms));
    this.log(`${args.name} can authenticate by ${mechanisms.join(' and ')}`);
    return { user: args.name, mechanisms };
  }
}
