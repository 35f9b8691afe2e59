import { Flags } from '@oclif/core';
import { KafkaCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';

export default class TopicList extends KafkaCommand {
  static override readonly summary = 'List the topics of a Kafka cluster.';
  static override readonly examples = [
    '<%= config.bin %> topic list',
    '<%= config.bin %> topic list --brokers kafka-1:9092,kafka-2:9092 --json',
  ];
  static override readonly flags = { internal: Flags.boolean({ description: 'show topics that begin with __ too' }) };

  async run() {
    const { flags } = await this.parse(TopicList);
    const names = await this.withCluster(flags, ({ admin }) => admin.listTopics());
    const topics = names.filter((name) => flags.internal || !name.startsWith('__')).sort();
    this.log(
      renderTable(
        topics.map((topic) => ({ topic })),
        topics.length === 0 ? ['topics'] : undefined,
      ),
    );
    return { topics };
  }
}
