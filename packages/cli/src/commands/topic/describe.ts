import { Args } from '@oclif/core';
import { KafkaCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';

export default class TopicDescribe extends KafkaCommand {
  static override readonly summary = 'Show the partitions of a topic with their offsets, and the configuration that it has set.';
  static override readonly examples = ['<%= config.bin %> topic describe flights', '<%= config.bin %> topic describe flights --json'];
  static override readonly args = { topic: Args.string({ description: 'name of the topic', required: true }) };

  async run() {
    const { args, flags } = await this.parse(TopicDescribe);
    const described = await this.withTopic(flags, args.topic, async ({ admin, metadata, offsets }) => {
      const topic = await metadata(args.topic);
      const numbers = topic.partitions.map(({ partition }) => partition);
      const [earliest, latest] = [await offsets(args.topic, numbers, 'earliest'), await offsets(args.topic, numbers, 'latest')];
      const configs = await admin.describeTopicConfigs(args.topic);
      return {
        partitions: topic.partitions.map(({ partition, leader }, index) => ({
          partition,
          leader,
          earliest: earliest[index]!,
          latest: latest[index]!,
        })),
        configs: Object.fromEntries(configs.filter(({ isDefault }) => !isDefault).map(({ name, value }) => [name, value])),
      };
    });
    this.log(renderTable(described.partitions));
    for (const [name, value] of Object.entries(described.configs)) this.log(`${name}=${value}`);
    return { topic: args.topic, ...described };
  }
}
