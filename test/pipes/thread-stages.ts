import { threadId } from 'node:worker_threads';
import type { OpenStages, ThreadStages } from '@millrace/pipes';

/** What a thread of a test tells of its pipes. */
export type Told =
  | { readonly kind: 'opened'; readonly pipe: string; readonly threadId: number }
  | { readonly kind: 'delivered'; readonly pipe: string; readonly offsets: readonly number[] };

/** What a test tells a thread. */
export type Deed = 'die' | 'reject';

/** Stages for threads of a test: they tell what they do, and end their thread, or leave a rejected promise to nobody, when they are told to. */
export const openStages: OpenStages = async (port) => {
  port.on('message', (deed: Deed) => {
    if (deed === 'die') process.exit(7);
    void Promise.reject(new Error('left alone'));
  });
  const tell = (told: Told) => port.postMessage(told);
  const stages: ThreadStages = {
    async openProcessor() {
      return {
        process: async (batch) => ({ batches: [batch], stateChanges: new Map() }),
        restore: async () => {},
        rollBack: async () => {},
        close: async () => {},
      };
    },
    async openConnector({ pipe }) {
      tell({ kind: 'opened', pipe, threadId });
      return {
        order: 'ordered',
        concurrency: 1,
        isTransactional: false,
        heartbeat: async () => {},
        transfer: async ({ records: { offsets, count } }) => tell({ kind: 'delivered', pipe, offsets: [...offsets.subarray(0, count)] }),
        close: async () => {},
      };
    },
    async openExtractor() {
      throw new Error('the pipes of this test read streams');
    },
    select: async () => null,
    close: async () => port.close(),
  };
  return stages;
};
