import { MillraceError } from '@millrace/core';
import { Args, Flags } from '@oclif/core';
import { KafkaCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';
import { UsageError } from '../../usage-error.ts';

export default class GroupReset extends KafkaCommand {
  static override readonly summary = 'Set the offsets of a consumer group that has no members.';
  static override readonly examples = [
    '<%= config.bin %> group reset my-group --topic flights --to earliest',
    "<%= config.bin %> group reset my-group --topic flights --to '2026-01-01T00:00:00Z'",
  ];
  static override readonly args = { group: Args.string({ description: 'name of the group', required: true }) };
  static override readonly flags = {
    topic: Flags.string({ description: 'topic whose offsets are set', required: true }),
    to: Flags.string({ description: 'earliest, latest, an offset, or a time', required: true }),
  };

  async run() {
    const { args, flags } = await this.parse(GroupReset);
    const target = this.#target(flags.to);
    const partitions = await this.withTopic(flags, flags.topic, async ({ metadata, offsets, commit }) => {
      const numbers = (await metadata(flags.topic)).partitions.map(({ partition }) => partition);
      const found = 'offset' in target ? numbers.map(() => target.offset) : await offsets(flags.topic, numbers, target.spec);
      const committed = numbers.map((partition, index) => ({ topic: flags.topic, partition, offset: found[index]! }));
      await commit(args.group, committed).catch((error: unknown) => sayIfInUse(args.group, error));
      return committed;
    });
    this.log(renderTable(partitions));
    return { group: args.group, partitions };
  }

  #target(text: string): { offset: number } | { spec: 'earliest' | 'latest' | number } {
    if (text === 'earliest' || text === 'latest') return { spec: text };
    if (/^\d+$/.test(text)) return { offset: Number(text) };
    const timeMs = Date.parse(text);
    if (Number.isNaN(timeMs)) throw new UsageError(`--to takes earliest, latest, an offset, or a time, not ${JSON.stringify(text)}`);
    return { spec: timeMs };
  }
}

/** Brokers take offsets of who is no member as long as a group has none; Kafka's word for the refusal speaks of members. */
function sayIfInUse(group: string, error: unknown): never {
  if (!(error instanceof MillraceError) || error.code !== 'KAFKA_FENCED') throw error;
  throw new MillraceError(error.code, `the group ${group} has members, and its offsets are theirs`, {
    cause: error,
    hint: `stop its consumers first; \`millrace group describe ${group}\` shows them`,
  });
}
