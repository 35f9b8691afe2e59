import { MillraceError } from '@millrace/core';

/** The error of a query or view whose source has been deleted. */
export function sourceGone(stream: string, topic: string, cause: MillraceError): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `stream "${stream}" cannot be read: its topic "${topic}" does not exist`, { cause });
}

/** The error of a view whose source is not the topic any more that its positions are of. */
export function sourceMadeAnew(stream: string, topic: string): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `stream "${stream}" cannot be read: its topic "${topic}" was deleted and made anew`, {
    hint: 'drop the view and the stream, and create them again',
  });
}
