import { a, defineConnector } from '@millrace/sdk';

/** Takes every event and forgets it: for trials and measurements. */
export default defineConnector({
  name: 'do-nothing-connector',
  summary: 'Takes every event and does nothing with it.',
  attributes: a.object({}),
  transfer: () => {},
  delete: () => {},
});
