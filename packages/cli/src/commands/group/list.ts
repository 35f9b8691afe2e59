import { KafkaCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';

export default class GroupList extends KafkaCommand {
  static override readonly summary = 'List the consumer groups of a Kafka cluster.';
  static override readonly examples = ['<%= config.bin %> group list', '<%= config.bin %> group list --brokers kafka-1:9092 --json'];

  async run() {
    const { flags } = await this.parse(GroupList);
    const groups = await this.withCluster(flags, async ({ admin }) => {
      const names = (await admin.listGroups()).map(({ groupId }) => groupId).sort();
      const described = await Promise.all(names.map((groupId) => admin.describeGroup(groupId)));
      return described.map(({ groupId, state, members }) => ({ group: groupId, state, members: members.length }));
    });
    this.log(renderTable(groups, groups.length === 0 ? ['groups'] : undefined));
    return { groups };
  }
}
