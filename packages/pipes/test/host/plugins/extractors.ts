import { a, defineExtractor, type Extracted, type StreamSelection } from '@millrace/sdk';

export const streams = defineExtractor({
  name: 'streams',
  summary: 'x',
  attributes: a.object({ pattern: a.string().default('root') }),
  select: ({ pattern }) => ({ pattern, history: null, realtime: true, forwardsPipeRecords: false }),
});

/** Counts from its position on, to three. */
export const counter = defineExtractor({
  name: 'counter',
  summary: 'x',
  attributes: a.object({}),
  open: ({ position }) => ({ next: ((position as number | undefined) ?? 0) + 1 }),
  async next(state): Promise<Extracted | null> {
    if (state.next > 3) return null;
    const v = state.next++;
    return { stream: 'numbers', columns: [{ name: 'v', type: 'int32' }], rows: [{ v }], keys: [`k${v}`], position: v };
  },
});

export const wrong = defineExtractor({
  name: 'wrong',
  summary: 'x',
  attributes: a.object({ value: a.string() }),
  next: async ({ attributes: { value } }) => new Function(`return ${value}`)() as Extracted,
});

export const selecting = defineExtractor({
  name: 'selecting',
  summary: 'x',
  attributes: a.object({ value: a.string() }),
  select: ({ value }) => new Function(`return ${value}`)() as StreamSelection,
});
