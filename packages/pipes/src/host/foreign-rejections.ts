import type { Logger } from '@millrace/core';
import { messageOf } from './stages/hook-failure.ts';

/**
 * Rejected promises that are left to nobody end this thread no more where they come from another realm: from code of users that a built-in
 * processor runs in a context of its own. Those of this realm are defects of ours, and end it as ever.
 * @returns takes it back
 */
export function outliveForeignRejections(logger: Logger): () => void {
  const onRejection = (reason: unknown, promise: Promise<unknown>) => {
    if (promise instanceof Promise) throw reason;
    logger.error({ error: messageOf(reason) }, 'code of a processor has left a rejected promise to nobody');
  };
  process.on('unhandledRejection', onRejection);
  return () => void process.off('unhandledRejection', onRejection);
}
