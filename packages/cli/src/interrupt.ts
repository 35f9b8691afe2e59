import { Interrupted } from './report-error.ts';

/** Aborted, with {@link Interrupted} as its reason, at the first Ctrl-C; a second one ends the process at once. */
export function untilInterrupted(): AbortSignal {
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort(new Interrupted()));
  return abort.signal;
}
