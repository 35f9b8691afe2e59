import { Args } from '@oclif/core';
import { KafkaCommand } from '../../base-command.ts';

export default class TopicDelete extends KafkaCommand {
  static override readonly summary = 'Delete a topic with all its records.';
  static override readonly examples = ['<%= config.bin %> topic delete logs', '<%= config.bin %> topic delete logs --brokers kafka-1:9092'];
  static override readonly args = { topic: Args.string({ description: 'name of the topic', required: true }) };

  async run() {
    const { args, flags } = await this.parse(TopicDelete);
    await this.withTopic(flags, args.topic, ({ admin }) => admin.deleteTopic(args.topic));
    this.log(`deleted ${args.topic}`);
    return { topic: args.topic };
  }
}
