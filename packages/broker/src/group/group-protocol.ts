import type { Member } from './member.ts';

/** True if one who joins can use a protocol that all the others can. */
export function hasCommonProtocol(names: readonly string[], others: readonly Member[]): boolean {
  return names.some((name) => others.every((other) => other.supports(name)));
}

/** Of the protocols that all members can use, the one that most of them prefer; there must be one. */
export function selectProtocol(members: readonly Member[]): string {
  const votes = new Map<string, number>();
  for (const { traits } of members) {
    const choice = traits.protocols.find(({ name }) => members.every((member) => member.supports(name)))!.name;
    votes.set(choice, (votes.get(choice) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]![0];
}
