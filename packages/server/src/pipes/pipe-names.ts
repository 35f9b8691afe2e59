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

/** Names that would lead out of a directory are nobody's. @throws {MillraceError} PIPE_NAME_INVALID */
export function checkPipeName(name: string, what = 'pipe'): void {
  const reason = name === '.' || name === '..' ? 'it means a directory' : /[/\\]/.test(name) ? 'it has a / or \\ in it' : null;
  if (reason === null) return;
  throw new MillraceError('PIPE_NAME_INVALID', `a ${what} cannot be called ${JSON.stringify(name)}: ${reason}`, { details: { name } });
}
