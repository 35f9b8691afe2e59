import type { MemberTraits } from './member.ts';

/** What is written down of a group when a generation is settled, so that its members go on after a restart. */
export interface StoredGroup {
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string | null;
  readonly emptySinceMs: number;
  readonly members: readonly { readonly id: string; readonly traits: MemberTraits; readonly assignment: Buffer }[];
}

type PlainProtocol = { name: string; metadata: string };
type PlainMember = { id: string; assignment: string; traits: Omit<MemberTraits, 'protocols'> & { protocols: PlainProtocol[] } };
type PlainGroup = Omit<StoredGroup, 'members'> & { members: PlainMember[] };

export function encodeStoredGroup(group: StoredGroup): Buffer {
  const members = group.members.map(({ id, traits, assignment }) => ({
    id,
    assignment: assignment.toString('base64'),
    traits: { ...traits, protocols: traits.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.toString('base64') })) },
  }));
  return Buffer.from(JSON.stringify({ ...group, members } satisfies PlainGroup));
}

export function decodeStoredGroup(bytes: Buffer): StoredGroup {
  const plain = JSON.parse(bytes.toString()) as PlainGroup;
  const members = plain.members.map(({ id, traits, assignment }) => ({
    id,
    assignment: Buffer.from(assignment, 'base64'),
    traits: { ...traits, protocols: traits.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata, 'base64') })) },
  }));
  return { ...plain, members };
}
