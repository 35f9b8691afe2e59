import { apis } from '@millrace/kafka-protocol';
import { retry } from './back-off.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { Producer, ProducerOptions } from './ports.ts';
import { RecordSender } from './record-sender.ts';
import { checkCode } from './refused.ts';

/** Opens a producer. It asks for its identity when it first sends. */
export function openProducer(client: KafkaClient, options: ProducerOptions = {}): Producer {
  const identify = () =>
    retry(client, options.deliveryTimeoutMs ?? 120_000, async () => {
      const response = await client.requestAny(apis.initProducerId, { transactionalId: null, transactionTimeoutMs: 60_000 });
      checkCode(response.errorCode, 'InitProducerId');
      return { producerId: response.producerId, epoch: response.producerEpoch, transactional: false };
    });
  return new RecordSender(client, { identify }, options);
}
