/** What is under way, by file. */
const last = new Map<string, Promise<void>>();

/** Does one thing after another with a file, whoever of this thread wants it: a connector that was given up may still be at it. */
export function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  const done = (last.get(path) ?? Promise.resolve()).then(work);
  const settled: Promise<void> = done.then(
    () => forget(path, settled),
    () => forget(path, settled),
  );
  last.set(path, settled);
  return done;
}

function forget(path: string, settled: Promise<void>): void {
  if (last.get(path) === settled) last.delete(path);
}
