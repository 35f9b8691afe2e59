import { KafkaCommand } from '../../../base-command.ts';
import { renderTable } from '../../../output/table.ts';

export default class BrokerUserList extends KafkaCommand {
  static override readonly summary = 'List the users of a broker that authenticate themselves.';
  static override readonly examples = [
    '<%= config.bin %> broker user list',
    '<%= config.bin %> broker user list --brokers kafka-1:9092 --json',
  ];

  async run() {
    const { flags } = await this.parse(BrokerUserList);
    const { listScramUsers } = await import('@millrace/kafka-client');
    const users = await this.withCluster(flags, ({ client }) => listScramUsers(client));
    const rows = users.map(({ user, mechanisms }) => ({ user, mechanisms: mechanisms.join(', ') }));
    this.log(renderTable(rows, rows.length === 0 ? ['users'] : undefined));
    return { users };
  }
}
