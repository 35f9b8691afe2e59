import { type Clock, delay } from '@millrace/core';
import {
  type Admin,
  Coordinator,
  fetchOffsets,
  type GroupDescription,
  type KafkaClient,
  type PartitionOffset,
} from '@millrace/kafka-client';
import { groupIdsOf, type LaidOut as View } from './view-layout.ts';

const pollMs = 20;
/** Servers that do not leave by then have died, and their sessions are over. */
const leaveWithinMs = 15_000;

/** How servers are known to the groups of views. */
export function instanceIdOf(serverId: string): string {
  return `millrace-${serverId}`;
}

/** Up to where the servers that run a view have committed, whichever those are. */
export async function committedBy(view: View, kafka: KafkaClient): Promise<PartitionOffset[]> {
  const groups = groupIdsOf(view).map((groupId) => fetchOffsets(new Coordinator(kafka, groupId), null));
  return (await Promise.all(groups)).flat();
}

/** The servers that run a view, each as `id@host`; none if none does at the moment. */
export async function ownersOf(view: View, admin: Admin): Promise<string[]> {
  const groups = await Promise.all(groupIdsOf(view).map((groupId) => admin.describeGroup(groupId)));
  const owners = groups.flatMap(({ members }) => members.filter(({ partitions }) => partitions.length > 0));
  return [...new Set(owners.map(serverOf))].sort();
}

function serverOf({ memberId, host }: GroupDescription['members'][number]): string {
  // Brokers make the id of a static member of its instance id and a UUID; of several tasks each has a number.
  const serverId = /^millrace-(.+?)(\.\d+)?-[0-9a-f-]{36}$/.exec(memberId)?.[1] ?? memberId;
  return `${serverId}@${host.replace(/^\//, '')}`;
}

/** Waits until no server takes part in a view any more: what is deleted then is not written to. */
export async function untilLeft(view: View, ports: GroupPorts): Promise<void> {
  await Promise.all(groupIdsOf(view).map((groupId) => untilGroupLeft(groupId, ports)));
}

interface GroupPorts {
  readonly admin: Admin;
  readonly clock: Clock;
}

/** Waits until a group has no members any more, or those that are left must have died. */
export async function untilGroupLeft(groupId: string, { admin, clock }: GroupPorts): Promise<void> {
  const deadlineMs = clock.monotonic() + leaveWithinMs;
  while (clock.monotonic() < deadlineMs) {
    const { members } = await admin.describeGroup(groupId);
    if (members.length === 0) return;
    await delay(clock, pollMs);
  }
}
