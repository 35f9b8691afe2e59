import { a, BadRecord, type Clock, defineConnector, NotConnected, Retryable, type RowsEvent, type TransferContext } from '@millrace/sdk';

/** What the connectors of a test have seen, by the attribute `target`. */
export const targets = new Map<string, Target>();

export interface Target {
  readonly calls: string[];
  readonly events: RowsEvent[];
  readonly contexts: TransferContext[];
  /** What the next transfer throws. */
  next?: Error | undefined;
  /** What opening throws, or waits for. */
  opening?: Error | Promise<void> | undefined;
  wait?: Promise<void> | undefined;
  mostAtOnce: number;
}

export function target(name: string): Target {
  let found = targets.get(name);
  if (found === undefined) targets.set(name, (found = { calls: [], events: [], contexts: [], mostAtOnce: 0 }));
  return found;
}

let running = 0;

const attributes = a.object({ target: a.string(), other: a.string().optional() });

const hooks = {
  summary: 'x',
  attributes,
  async open({ attributes: { target: name } }: { attributes: { target: string }; clock?: Clock }) {
    const opened = target(name);
    opened.calls.push('open');
    if (opened.opening instanceof Error) throw opened.opening;
    await opened.opening;
    return opened;
  },
  heartbeat: (opened: Target) => void opened.calls.push('heartbeat'),
  async transfer(opened: Target, event: RowsEvent, context: TransferContext) {
    opened.calls.push('transfer');
    opened.mostAtOnce = Math.max(opened.mostAtOnce, ++running);
    try {
      await opened.wait;
      if (opened.next !== undefined) throw opened.next;
      opened.events.push(event);
      opened.contexts.push(context);
    } finally {
      running--;
    }
  },
  close: (opened: Target) => void opened.calls.push('close'),
};

export const ordered = defineConnector({ name: 'ordered', ...hooks });

export const unordered = defineConnector({ name: 'unordered', ...hooks, order: 'unordered', concurrency: () => 3 });

export const deleting = defineConnector({
  name: 'deleting',
  ...hooks,
  delete(opened: Target, event) {
    if (event.origin.offset === 11) throw new Error('no');
    opened.calls.push(`delete ${Buffer.from(event.key!).toString()}`);
  },
});

export const errors = { BadRecord, NotConnected, Retryable };
