import type { GroupMember, TransactionalProducer, TransactionalProducerOptions } from '@millrace/kafka-client';
import type { KafkaSource } from '../sources/source-ports.ts';

/** What a view asks of Kafka. */
export interface ViewKafka extends KafkaSource {
  /** Fences whoever had the transactional id, and waits until what that one left open has ended. */
  openTransactionalProducer(options: TransactionalProducerOptions): Promise<TransactionalProducer>;
  /** The ends of partitions with what is not decided yet. */
  writtenEnds(topic: string, partitions: readonly number[]): Promise<number[]>;
}

/** Who commits: the member as it stands at that moment. */
export type ViewMember = Pick<GroupMember, 'memberId' | 'generation' | 'groupInstanceId' | 'committed'>;
