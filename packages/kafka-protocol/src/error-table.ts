/** What Kafka says of one of its error codes. */
export interface KafkaError {
  readonly name: KafkaErrorName;
  readonly code: number;
  /** True if the same request may succeed later without a change. */
  readonly retriable: boolean;
  /** Lower case, without full stop. */
  readonly message: string;
}

/** Name of one of Kafka's errors, as Kafka spells it. */
export type KafkaErrorName = keyof typeof entries;

type Entry = readonly [code: number, retriable: boolean, message: string];

/** @see https://kafka.apache.org/protocol#protocol_error_codes */
const entries = {
  UNKNOWN_SERVER_ERROR: [-1, false, 'the server met an unexpected error'],
  NONE: [0, false, 'no error'],
  OFFSET_OUT_OF_RANGE: [1, false, 'the offset is outside of what the log holds'],
  CORRUPT_MESSAGE: [2, true, 'a record batch fails its checksum, has a wrong size, or no key where one is needed'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, true, 'this server does not host this topic or partition'],
  INVALID_FETCH_SIZE: [4, false, 'the fetch size is invalid'],
  LEADER_NOT_AVAILABLE: [5, true, 'there is no leader for this partition at the moment'],
  NOT_LEADER_OR_FOLLOWER: [6, true, 'this broker is not the leader of this partition'],
  REQUEST_TIMED_OUT: [7, true, 'the request timed out'],
  BROKER_NOT_AVAILABLE: [8, false, 'the broker is not available'],
  REPLICA_NOT_AVAILABLE: [9, true, 'the replica is not available'],
  MESSAGE_TOO_LARGE: [10, false, 'a record batch is larger than the topic allows'],
  STALE_CONTROLLER_EPOCH: [11, false, 'the controller moved to another broker'],
  OFFSET_METADATA_TOO_LARGE: [12, false, 'the metadata of an offset is too large'],
  NETWORK_EXCEPTION: [13, true, 'the connection ended before a response came'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, true, 'the coordinator is loading'],
  COORDINATOR_NOT_AVAILABLE: [15, true, 'the coordinator is not available'],
  NOT_COORDINATOR: [16, true, 'this broker is not the coordinator'],
  INVALID_TOPIC_EXCEPTION: [17, false, 'the name of the topic is not legal'],
  RECORD_LIST_TOO_LARGE: [18, false, 'the batch is larger than a segment'],
  NOT_ENOUGH_REPLICAS: [19, true, 'fewer replicas are in sync than required'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [20, true, 'written, but to fewer replicas than required'],
  INVALID_REQUIRED_ACKS: [21, false, 'the required acks are none of -1, 0, 1'],
  ILLEGAL_GENERATION: [22, false, 'the generation of the group is another one'],
  INCONSISTENT_GROUP_PROTOCOL: [23, false, "the member's protocols do not go with those of the group"],
  INVALID_GROUP_ID: [24, false, 'the group id is not legal'],
  UNKNOWN_MEMBER_ID: [25, false, 'the coordinator does not know this member'],
  INVALID_SESSION_TIMEOUT: [26, false, 'the session time-out is outside of what the broker allows'],
  REBALANCE_IN_PROGRESS: [27, false, 'the group is rebalancing'],
  INVALID_COMMIT_OFFSET_SIZE: [28, false, 'the offset to commit is too large'],
  TOPIC_AUTHORIZATION_FAILED: [29, false, 'no access to the topic'],
  GROUP_AUTHORIZATION_FAILED: [30, false, 'no access to the group'],
  CLUSTER_AUTHORIZATION_FAILED: [31, false, 'no access to the cluster'],
  INVALID_TIMESTAMP: [32, false, 'the timestamp of a record is outside of what the topic allows'],
  UNSUPPORTED_SASL_MECHANISM: [33, false, 'the broker does not support this SASL mechanism'],
  ILLEGAL_SASL_STATE: [34, false, 'the request is not legal in this state of the SASL exchange'],
  UNSUPPORTED_VERSION: [35, false, 'the version of the API is not supported'],
  TOPIC_ALREADY_EXISTS: [36, false, 'a topic of this name exists already'],
  INVALID_PARTITIONS: [37, false, 'the number of partitions is not legal'],
  INVALID_REPLICATION_FACTOR: [38, false, 'the replication factor is not legal or larger than the number of brokers'],
  INVALID_REPLICA_ASSIGNMENT: [39, false, 'the assignment of replicas is not legal'],
  INVALID_CONFIG: [40, false, 'the configuration is not legal'],
  NOT_CONTROLLER: [41, true, 'this broker is not the controller'],
  INVALID_REQUEST: [42, false, 'the request is malformed or contradicts itself'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, false, 'the format of the records does not support the request'],
  POLICY_VIOLATION: [44, false, 'the request violates a policy'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, false, 'a sequence number of the producer is missing'],
  DUPLICATE_SEQUENCE_NUMBER: [46, false, 'a sequence number of the producer came twice'],
  INVALID_PRODUCER_EPOCH: [47, false, "the producer's epoch is older than the newest"],
  INVALID_TXN_STATE: [48, false, 'the operation is not legal in this state of the transaction'],
  INVALID_PRODUCER_ID_MAPPING: [49, false, 'the producer id does not belong to the transactional id'],
  INVALID_TRANSACTION_TIMEOUT: [50, false, 'the transaction time-out is larger than the broker allows'],
  CONCURRENT_TRANSACTIONS: [51, true, 'another operation on the transaction is going on'],
  TRANSACTION_COORDINATOR_FENCED: [52, false, 'the transaction coordinator was replaced'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, false, 'no access to the transactional id'],
  SECURITY_DISABLED: [54, false, 'security features are off'],
  OPERATION_NOT_ATTEMPTED: [55, false, 'the operation was not tried because another one failed'],
  KAFKA_STORAGE_ERROR: [56, true, 'the broker cannot reach its log on disk'],
  LOG_DIR_NOT_FOUND: [57, false, 'there is no such log directory'],
  SASL_AUTHENTICATION_FAILED: [58, false, 'SASL authentication failed'],
  UNKNOWN_PRODUCER_ID: [59, false, 'the broker has no state for this producer id'],
  REASSIGNMENT_IN_PROGRESS: [60, false, 'the partitions are being reassigned'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, false, 'delegation tokens are off'],
  DELEGATION_TOKEN_NOT_FOUND: [62, false, 'there is no such delegation token'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, false, 'the principal is not the owner of the token'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [64, false, 'delegation tokens are not allowed on this channel'],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, false, 'no access to the delegation token'],
  DELEGATION_TOKEN_EXPIRED: [66, false, 'the delegation token has expired'],
  INVALID_PRINCIPAL_TYPE: [67, false, 'the type of the principal is not supported'],
  NON_EMPTY_GROUP: [68, false, 'the group has members'],
  GROUP_ID_NOT_FOUND: [69, false, 'there is no such group'],
  FETCH_SESSION_ID_NOT_FOUND: [70, true, 'there is no such fetch session'],
  INVALID_FETCH_SESSION_EPOCH: [71, true, 'the epoch of the fetch session is another one'],
  LISTENER_NOT_FOUND: [72, true, 'the leader has no listener like the one that was asked'],
  TOPIC_DELETION_DISABLED: [73, false, 'topics cannot be deleted'],
  FENCED_LEADER_EPOCH: [74, true, "the leader epoch is older than the broker's"],
  UNKNOWN_LEADER_EPOCH: [75, true, "the leader epoch is newer than the broker's"],
  UNSUPPORTED_COMPRESSION_TYPE: [76, false, 'the compression is not supported by this version'],
  STALE_BROKER_EPOCH: [77, false, "the broker's epoch has changed"],
  OFFSET_NOT_AVAILABLE: [78, true, "the leader's high watermark has not caught up"],
  MEMBER_ID_REQUIRED: [79, false, 'the member must join again with the id that it was given'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, true, 'the preferred leader is not available'],
  GROUP_MAX_SIZE_REACHED: [81, false, 'the group has as many members as it may'],
  FENCED_INSTANCE_ID: [82, false, 'another member with this static id has taken over'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, true, 'no eligible leader is available'],
  ELECTION_NOT_NEEDED: [84, true, 'no election is needed'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, false, 'no reassignment is going on'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, false, 'the group reads the topic'],
  INVALID_RECORD: [87, false, 'a record was refused by the broker'],
  UNSTABLE_OFFSET_COMMIT: [88, true, 'offsets are waiting for a transaction to end'],
  THROTTLING_QUOTA_EXCEEDED: [89, true, 'a quota is exceeded'],
  PRODUCER_FENCED: [90, false, 'another producer with this transactional id has taken over'],
  RESOURCE_NOT_FOUND: [91, false, 'there is no such resource'],
  DUPLICATE_RESOURCE: [92, false, 'the resource exists already'],
  UNACCEPTABLE_CREDENTIAL: [93, false, 'the credential is not acceptable'],
  INCONSISTENT_VOTER_SET: [94, false, 'the sets of voters differ'],
  INVALID_UPDATE_VERSION: [95, false, 'the version of the update is not legal'],
  FEATURE_UPDATE_FAILED: [96, false, 'the feature could not be updated'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, false, 'the forwarded principal cannot be read'],
  SNAPSHOT_NOT_FOUND: [98, false, 'there is no such snapshot'],
  POSITION_OUT_OF_RANGE: [99, false, 'the position is outside of the snapshot'],
  UNKNOWN_TOPIC_ID: [100, true, 'this server does not know this topic id'],
  DUPLICATE_BROKER_REGISTRATION: [101, false, 'the broker id is in use'],
  BROKER_ID_NOT_REGISTERED: [102, false, 'the broker id is not registered'],
  INCONSISTENT_TOPIC_ID: [103, true, 'the topic id is another one than in the log'],
  INCONSISTENT_CLUSTER_ID: [104, false, 'the cluster id is another one'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, false, 'there is no such transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, true, 'the fetch session met inconsistent topic ids'],
  INELIGIBLE_REPLICA: [107, false, 'the replica may not join the set in sync'],
  NEW_LEADER_ELECTED: [108, false, 'the leader has changed'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, false, 'the offset is in tiered storage'],
  FENCED_MEMBER_EPOCH: [110, false, "the member's epoch is fenced"],
  UNRELEASED_INSTANCE_ID: [111, false, 'the static id is held by another member'],
  UNSUPPORTED_ASSIGNOR: [112, false, 'the assignor is not supported'],
  STALE_MEMBER_EPOCH: [113, false, "the member's epoch is stale"],
  MISMATCHED_ENDPOINT_TYPE: [114, false, 'the request went to an endpoint of the wrong type'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, false, 'the endpoint type is not known'],
  UNKNOWN_CONTROLLER_ID: [116, false, 'the controller id is not known'],
  UNKNOWN_SUBSCRIPTION_ID: [117, false, 'the subscription id is not known'],
  TELEMETRY_TOO_LARGE: [118, false, 'the telemetry is too large'],
  INVALID_REGISTRATION: [119, false, 'the registration of the broker is not legal'],
  TRANSACTION_ABORTABLE: [120, false, 'the transaction must be aborted'],
} as const satisfies Record<string, Entry>;

/** Kafka's error codes, in order. */
export const errorTable: readonly KafkaError[] = Object.entries(entries).map(([name, [code, retriable, message]]) => ({
  name: name as KafkaErrorName,
  code,
  retriable,
  message,
}));

const byCode = new Map(errorTable.map((error) => [error.code, error]));

/** The number of an error on the wire. */
export function errorCode(name: KafkaErrorName): number {
  return entries[name][0];
}

/** What is known of an error code; a code that is not known counts as UNKNOWN_SERVER_ERROR, not retriable, with its number kept. */
export function errorOf(code: number): KafkaError {
  return (
    byCode.get(code) ?? {
      name: 'UNKNOWN_SERVER_ERROR',
      code,
      retriable: false,
      message: `the server answered with the unknown error ${code}`,
    }
  );
}
