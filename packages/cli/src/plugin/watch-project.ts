import { watch } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Editors write a file in several steps. */
const quietMs = 100;
/** What tools write themselves. */
const ignored = /(^|[\\/])(node_modules|\.git|dist)([\\/]|$)|\.tgz$|~$/;

/** Gives what was changed below a folder, each time that something was, once it is quiet again; until it is aborted. */
export async function* watchProject(folder: string, signal: AbortSignal): AsyncGenerator<readonly string[]> {
  let changed = new Set<string>();
  let notify = () => {};
  let failure: unknown;
  const collect = async () => {
    for await (const { filename } of watch(folder, { recursive: true, signal })) {
      if (filename === null || ignored.test(filename)) continue;
      changed.add(filename);
      notify();
    }
  };
  const collecting = collect().catch((error: unknown) => {
    failure = error;
    notify();
  });
  while (failure === undefined) {
    if (changed.size === 0) await new Promise<void>((resolve) => (notify = resolve));
    if (failure !== undefined) break;
    await pause(quietMs);
    const files = [...changed].sort();
    changed = new Set();
    if (files.length > 0) yield files;
  }
  await collecting;
  signal.throwIfAborted();
  throw failure;
}
