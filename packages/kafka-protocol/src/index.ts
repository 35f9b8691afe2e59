export { apis, apisByKey } from './apis.ts';
export { zeroUuid } from './byte-reader.ts';
export {
  type ConsumerAssignment,
  type ConsumerSubscription,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts';
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
