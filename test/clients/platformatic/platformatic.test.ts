import { describeClient } from '../behaviour.ts';
import { openPlatformatic } from './platformatic-client.ts';

describeClient({
  name: '@platformatic/kafka 2.12.1',
  open: openPlatformatic,
  // It keeps one aborted range per producer of a fetch, and asks for a transactional id's next epoch in the name of producer 0.
  cannot: ['leaves out several aborted transactions', 'takes over transactional ids'],
});
