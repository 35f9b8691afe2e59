/**
 * Calls a hook of a plugin. Who watches over plugins puts more around it: who is in hand, and how long it may take.
 * @throws what the hook throws
 */
export type RunHook = <T>(hook: string, call: () => T | Promise<T>) => Promise<T>;

/** Who is about when code of plugins runs. */
export interface HookRunner {
  readonly run: RunHook;
  /** A module was loaded, perhaps not for the first time. */
  loaded(module: string): void;
}

/** Built-in plugins are trusted: nobody watches. */
export const trusting: HookRunner = { run: async (_hook, call) => call(), loaded: () => {} };

/** Thrown when a hook takes too long: whether it ever ends is not known. */
export class HookTimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`it took longer than ${timeoutMs} ms`);
  }
}
