/** What becomes of the work, or the signal's reason if that is aborted before. The work itself goes on, unheard. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    const forget = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(forget);
    if (signal.aborted) onAbort();
  });
}
