import { MillraceError } from '@millrace/core';

const maxTopicLength = 249;

/**
 * The topic of a stream that names none: the stream's own name, with every byte that is not a letter, digit or `_` written
 * as `-` and two hex digits. The `.` is among those: Kafka takes `a.b` and `a_b` for the same name in places. So is the first of
 * two leading underscores, for Kafka's internal topics begin with them. No two streams get the same topic; {@link streamNameOf} is the inverse.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID for an empty name or one whose topic would be longer than Kafka's 249.
 */
export function topicNameOf(streamName: string): string {
  let topic = streamName.startsWith('__') ? '-5f' : '';
  const bytes = Buffer.from(streamName, 'utf8').subarray(topic === '' ? 0 : 1);
  for (const byte of bytes) topic += isPlain(byte) ? String.fromCharCode(byte) : `-${byte.toString(16).padStart(2, '0')}`;
  if (topic === '') throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the name of a stream is empty');
  if (topic.length <= maxTopicLength) return topic;
  throw new MillraceError(
    'PLAN_ARGUMENT_INVALID',
    `the name ${JSON.stringify(`${streamName.slice(0, 40)}…`)} is too long: its topic would have ${topic.length} characters, Kafka takes ${maxTopicLength}`,
    {
      hint: "name the topic: SETTINGS topic='…'",
    },
  );
}

/** The stream whose topic {@link topicNameOf} names so; undefined for topics that it never gives. */
export function streamNameOf(topic: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_]|-[0-9a-f]{2})+$/.test(topic)) return undefined;
  const bytes = topic.replace(/-([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const name = Buffer.from(bytes, 'latin1').toString('utf8');
  // Bytes that are not UTF-8, or escapes of what needs none, are nobody's.
  return topic.length <= maxTopicLength && topicNameOf(name) === topic ? name : undefined;
}

function isPlain(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;
}
