import type { GroupIdentity, GroupMember, PartitionOffset } from '@millrace/kafka-client';

/** Who commits the progress of a pipe. */
export interface PipeMember extends Pick<GroupMember, 'commit' | 'committed'> {
  /** As it stands now. */
  identity(): GroupIdentity;
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
}
