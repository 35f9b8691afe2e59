import { MillraceError } from '@millrace/core';

/** The error of a query or view whose source has been deleted. */
export function sourceGone(stream: string, topic: string, cause: MillraceError): MillraceError {
  return new MillraceError('PLAN_STREAM_UNKNOWN', `stream "${stream}" cannot be read: its topic "${topic}" does not exist`, { cause });
}
