import { MillraceError } from '@millrace/core';

/** The error that something fails with, which must be one of ours. */
export async function failureOf(work: Promise<unknown>): Promise<MillraceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MillraceError)) throw new Error(`no MillraceError but ${String(error)}`);
  return error;
}
