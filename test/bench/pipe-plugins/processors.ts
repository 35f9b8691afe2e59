import { a, defineProcessor } from '@millrace/sdk';

/** Processors as users write them, for the benchmarks of pipes: they run in a worker of their own. */

const attributes = a.object({});

export const passing = defineProcessor({
  name: 'passing',
  summary: 'Takes rows as many as there are, and hands them on.',
  attributes,
  processBatch: (event, emit) => emit.event(event),
});

export const halving = defineProcessor({
  name: 'halving',
  summary: 'Computes one column of each row.',
  attributes,
  map: (row: { readonly cpu_usage: number }) => ({ ...row, cpu_usage: row.cpu_usage / 2 }),
});
