export { createAdmin } from './admin.ts';
export { joinGroup } from './consumer-group.ts';
export { openReader } from './fetch-reader.ts';
export { Coordinator, commitOffsets, fetchOffsets } from './group-offsets.ts';
export { openProducer } from './idempotent-producer.ts';
export { KafkaClient } from './kafka-client.ts';
export { listOffsets } from './list-offsets.ts';
export type {
  ActiveGroupMember,
  Admin,
  AssignorName,
  ClientOptions,
  ClusterOptions,
  ConfigEntry,
  FetchedPartition,
  GroupDescription,
  GroupIdentity,
  GroupMember,
  GroupOptions,
  Isolation,
  OffsetSpec,
  PartitionMetadata,
  PartitionOffset,
  Producer,
  ProducerOptions,
  ReaderOptions,
  RecordAppender,
  RecordReader,
  SaslOptions,
  SslOptions,
  TopicMetadata,
  TopicPartition,
  TopicSpec,
  TransactionalProducer,
  TransactionalProducerOptions,
  WrittenBatch,
} from './ports.ts';
export { listScramUsers, removeScramUser, type ScramMechanism, type ScramUser, setScramPassword } from './scram-credentials.ts';
export { SharedClients } from './shared-clients.ts';
export { openTransactionalProducer } from './transactional-producer.ts';
