import type { Producer, TopicMetadata, TopicSpec, TransactionalProducer, TransactionalProducerOptions } from '@millrace/kafka-client';
import type { KafkaSource } from '@millrace/runtime';

/** What a pipe asks of Kafka. Only committed records are read. */
export interface PipeKafka extends Pick<KafkaSource, 'topic' | 'topicOnce' | 'listOffsets' | 'openReader' | 'joinGroup'> {
  /** Like `topic`; brokers that make topics when clients ask for them make it. */
  topicToWrite(name: string): Promise<TopicMetadata>;
  openProducer(): Producer;
  openTransactionalProducer(options: TransactionalProducerOptions): Promise<TransactionalProducer>;
  /** Resolves when it has leaders. @returns false if it was there already */
  createTopic(spec: TopicSpec): Promise<boolean>;
}
