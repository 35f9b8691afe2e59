import type { PluginDefinition } from '@millrace/sdk';
import type { RunHook } from '../run-hook.ts';
import { hookError } from './hook-failure.ts';

/** What `open` has given for one stage, and what ends it. */
export interface Opened<D extends PluginDefinition> {
  readonly definition: D;
  readonly resource: unknown;
  readonly runHook: RunHook;
  /** Aborted when the stage closes. */
  readonly closing: AbortController;
  /** Aborted with it, and when its pipe stops. */
  readonly signal: AbortSignal;
}

/** Ends a stage: first its signal, then its hook. @throws {MillraceError} PLUGIN_FAILED */
export async function closeOpened({ definition, resource, runHook, closing }: Opened<PluginDefinition>): Promise<void> {
  closing.abort();
  try {
    await runHook('close', () => definition.close?.(resource as never));
  } catch (error) {
    throw hookError({ plugin: definition.name, hook: 'close' }, error);
  }
}
