import { Args } from '@oclif/core';
import { NotThere } from '../../api/errors.ts';
import { KafkaCommand } from '../../base-command.ts';
import { renderTable } from '../../output/table.ts';

export default class GroupDescribe extends KafkaCommand {
  static override readonly summary = 'Show the offsets of a consumer group, how far it lags, and who reads what.';
  static override readonly examples = ['<%= config.bin %> group describe my-group', '<%= config.bin %> group describe my-group --json'];
  static override readonly args = { group: Args.string({ description: 'name of the group', required: true }) };

  async run() {
    const { args, flags } = await this.parse(GroupDescribe);
    const described = await this.withCluster(flags, async ({ admin, offsets }) => {
      const { state, members } = await admin.describeGroup(args.group);
      if (state === 'Dead') throw new NotThere(`there is no group ${args.group}`, '`millrace group list` lists them');
      const committed = await admin.groupOffsets(args.group);
      const partitions = await Promise.all(
        committed.map(async ({ topic, partition, offset }) => {
          const [end] = await offsets(topic, [partition], 'latest');
          const member = members.find((candidate) =>
            candidate.partitions.some((owned) => owned.topic === topic && owned.partition === partition),
          );
          return { topic, partition, offset, end: end!, lag: Math.max(0, end! - offset), client: member?.clientId ?? null };
        }),
      );
      return { state, members: members.map(({ memberId, clientId, host }) => ({ memberId, clientId, host })), partitions };
    });
    const count = described.members.length;
    this.log(`${args.group}: ${described.state}, ${count} ${count === 1 ? 'member' : 'members'}`);
    const columns = ['topic', 'partition', 'offset', 'end', 'lag', 'client'];
    this.log(renderTable(described.partitions, described.partitions.length === 0 ? ['offsets'] : columns));
    return { group: args.group, ...described };
  }
}
