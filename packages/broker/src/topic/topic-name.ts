/**
 * Why a name cannot be that of a topic, or undefined if it can.
 * @see Kafka's `Topic.validate`
 */
export function refuseTopicName(name: string): string | undefined {
  if (name.length === 0) return 'a topic name must not be empty';
  if (name === '.' || name === '..') return `a topic name must not be "${name}"`;
  if (name.length > 249) return `a topic name must not be longer than 249 characters, this one has ${name.length}`;
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return `a topic name consists of letters, digits, ".", "_" and "-" only, unlike "${name}"`;
  return undefined;
}
