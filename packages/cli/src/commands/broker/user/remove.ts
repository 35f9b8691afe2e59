import { Args } from '@oclif/core';
import { KafkaCommand } from '../../../base-command.ts';

export default class BrokerUserRemove extends KafkaCommand {
  static override readonly summary = 'Take the credentials of a user away; connections that it has stay until they end.';
  static override readonly examples = [
    '<%= config.bin %> broker user remove ann',
    '<%= config.bin %> broker user remove ann --brokers kafka-1:9092 --config-file admin.yaml',
  ];
  static override readonly args = { name: Args.string({ description: 'name of the user', required: true }) };

  async run() {
    const { args, flags } = await this.parse(BrokerUserRemove);
    const { removeScramUser } = await import('@millrace/kafka-client');
    const removed = await this.withCluster(flags, ({ client }) => removeScramUser(client, args.name));
    this.log(removed ? `removed ${args.name}` : `there is no user ${args.name}`);
    return { user: args.name, removed };
  }
}
