import { a, defineProcessor } from '@millrace/sdk';

/** What a pipe without a processor has: every event passes as it came. */
export default defineProcessor({
  name: 'do-nothing-processor',
  summary: 'Hands on every event as it came.',
  attributes: a.object({}),
  processBatch: (event, emit) => emit.event(event),
});
