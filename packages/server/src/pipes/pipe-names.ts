import { topicNameOf } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';

/** What a pipe is called in Kafka: by its name, as topics are. */
export function pipeNames(name: string) {
  const encoded = topicNameOf(name);
  return {
    groupId: `millrace.pipe.${encoded}`,
    stateTopic: `millrace.pipe.${encoded}.state`,
    deadLetterTopic: `millrace.dlq.pipe.${encoded}`,
  };
}

/** The longest name that Kafka takes for a topic. */
const maxTopicLength = 249;

/** Names that would lead out of a directory are nobody's, nor are those whose topics could not be made. @throws {MillraceError} PIPE_NAME_INVALID */
export function checkPipeName(name: string, what: 'pipe' | 'plugin' = 'pipe'): void {
  const reason = name === '.' || name === '..' ? 'it means a directory' : /[/\\]/.test(name) ? 'it has a / or \\ in it' : null;
  if (reason !== null) throw nameInvalid(name, what, reason);
  if (what === 'plugin') return;
  const { stateTopic, deadLetterTopic } = pipeNames(name);
  const length = Math.max(stateTopic.length, deadLetterTopic.length);
  if (length > maxTopicLength)
    throw nameInvalid(name, what, `it is too long: its topics would have names of ${length} characters, Kafka takes ${maxTopicLength}`);
}

function nameInvalid(name: string, what: string, reason: string): MillraceError {
  return new MillraceError('PIPE_NAME_INVALID', `a ${what} cannot be called ${JSON.stringify(name)}: ${reason}`, { details: { name } });
}
