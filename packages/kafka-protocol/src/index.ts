export { apis, apisByKey } from './apis.ts';
export {
  batchEnd,
  batchHeader,
  batchHeaderSize,
  iterateBatches,
  setBaseOffset,
  setPartitionLeaderEpoch,
  stampLogAppendTime,
  stampProducer,
  verifyCrc,
} from './batch-header.ts';
export { zeroUuid } from './byte-reader.ts';
export { type Compression, compress, compressions, decompress, defaultMaxDecompressedBytes } from './compression.ts';
export {
  type ConsumerAssignment,
  type ConsumerSubscription,
  decodeAssignment,
  decodeStickyUserData,
  decodeSubscription,
  encodeAssignment,
  encodeCooperativeUserData,
  encodeStickyUserData,
  encodeSubscription,
  type StickyUserData,
} from './consumer-protocol.ts';
export { type ControlType, controlTypeOf } from './control-batch.ts';
export { type DecodeOptions, decodeHeaders, decodeRecords } from './decode-records.ts';
export type { Api, Decoded, Encodable, EncodableRequest, EncodableResponse, RequestOf, ResponseOf, Shape } from './definition.ts';
export { errorCode, errorOf, errorTable, type KafkaError, type KafkaErrorName } from './error-table.ts';
export {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeRequestParts,
  encodeResponse,
  type RequestHeader,
} from './frame.ts';
export { murmur2, partitionForKey } from './murmur2.ts';
export { type BatchTraits, encodeBatch, RecordBatchBuilder, type RecordInput } from './record-batch-builder.ts';
export { type RecordHeader, RecordSpans } from './record-spans.ts';
