import { describeClient } from '../behaviour.ts';
import { openKafkajs } from './kafkajs-client.ts';

describeClient({ name: 'kafkajs 2.2.4', open: openKafkajs, cannot: ['alters single configs', 'reads its isolation of offsets'] });
