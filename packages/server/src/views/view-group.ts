import type { MaterializedViewDefinition } from '@millrace/catalog';
import { type Clock, delay } from '@millrace/core';
import { type Admin, Coordinator, fetchOffsets, type KafkaClient, type PartitionOffset } from '@millrace/kafka-client';
import { viewNames } from './view-names.ts';

type View = Pick<MaterializedViewDefinition, 'name' | 'id'>;

const pollMs = 20;
/** Servers that do not leave by then have died, and their sessions are over. */
const leaveWithinMs = 15_000;

/** How servers are known to the groups of views. */
export function instanceIdOf(serverId: string): string {
  return `millrace-${serverId}`;
}

/** Up to where the server that runs a view has committed, whichever that is. */
export function committedBy({ name, id }: View, kafka: KafkaClient): Promise<PartitionOffset[]> {
  return fetchOffsets(new Coordinator(kafka, viewNames(name, id).groupId), null);
}

/** The server that runs a view, as `id@host`; null if none does at the moment. */
export async function ownerOf({ name, id }: View, admin: Admin): Promise<string | null> {
  const { members } = await admin.describeGroup(viewNames(name, id).groupId);
  const owner = members.find(({ partitions }) => partitions.length > 0);
  if (owner === undefined) return null;
  // Brokers make the id of a static member of its instance id and a UUID.
  const serverId = /^millrace-(.+)-[0-9a-f-]{36}$/.exec(owner.memberId)?.[1] ?? owner.memberId;
  return `${serverId}@${owner.host.replace(/^\//, '')}`;
}

/** Waits until no server takes part in a view any more: what is deleted then is not written to. */
export async function untilLeft({ name, id }: View, { admin, clock }: { readonly admin: Admin; readonly clock: Clock }): Promise<void> {
  const { groupId } = viewNames(name, id);
  const deadlineMs = clock.monotonic() + leaveWithinMs;
  while (clock.monotonic() < deadlineMs) {
    const { members } = await admin.describeGroup(groupId);
    if (members.length === 0) return;
    await delay(clock, pollMs);
  }
}
