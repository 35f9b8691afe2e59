import { Args, Flags } from '@oclif/core';
import { KafkaCommand } from '../../base-command.ts';
import { UsageError } from '../../usage-error.ts';

export default class TopicCreate extends KafkaCommand {
  static override readonly summary = 'Create a topic.';
  static override readonly examples = [
    '<%= config.bin %> topic create logs --partitions 3',
    '<%= config.bin %> topic create logs --config retention.ms=3600000',
  ];
  static override readonly args = { topic: Args.string({ description: 'name of the topic', required: true }) };
  static override readonly flags = {
    partitions: Flags.integer({ description: 'number of partitions', default: 1, min: 1 }),
    'replication-factor': Flags.integer({ description: 'replicas of each partition', default: 1, min: 1 }),
    config: Flags.string({ description: 'key=value, may be given several times', multiple: true, multipleNonGreedy: true }),
  };

  async run() {
    const { args, flags } = await this.parse(TopicCreate);
    const configs: Record<string, string> = {};
    for (const entry of flags.config ?? []) {
      const at = entry.indexOf('=');
      if (at < 1) throw new UsageError(`--config takes key=value, not ${JSON.stringify(entry)}`);
      configs[entry.slice(0, at)] = entry.slice(at + 1);
    }
    const spec = { topic: args.topic, partitions: flags.partitions, replicationFactor: flags['replication-factor'], configs };
    const created = await this.withCluster(flags, ({ admin }) => admin.createTopic(spec));
    this.log(created ? `created ${args.topic}` : `${args.topic} exists already`);
    return { topic: args.topic, created };
  }
}
