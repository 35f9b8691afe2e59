/**
 * Every error code of Millrace, sorted, each with the class of who must act and one sentence.
 *
 * A code is `AREA_CONDITION`, is never reused and never changes its meaning. Numbers that foreign clients expect
 * (ClickHouse, Kafka, HTTP, exit codes) are not here: they stand in the edge tables of the packages that speak to those clients.
 */
export const errorCodes = {
  BROKER_CLUSTER_INVALID: { actor: 'config', summary: 'no such node or partition of the broker, or the node is down' },
  BROKER_DATA_DIRECTORY_INVALID: { actor: 'config', summary: 'the broker cannot use its data directory' },
  BROKER_LOG_CORRUPT: { actor: 'internal', summary: 'a segment holds bytes that no recovery explains' },
  CATALOG_CHANGED: { actor: 'user', summary: 'what a statement was planned by has changed before it came into force' },
  CATALOG_INVALID: { actor: 'config', summary: 'the catalog file is damaged or of a newer format' },
  CONFIG_INVALID: { actor: 'config', summary: 'one or more configuration keys are wrong' },
  DATA_CAST_FAILED: { actor: 'data', summary: 'a value does not convert to the type that is asked for' },
  DATA_DIVISION_BY_ZERO: { actor: 'data', summary: 'an integer was divided by zero' },
  DATA_TIMESTAMP_NULL: { actor: 'data', summary: 'a row has no event time' },
  DATA_UNDECODABLE: { actor: 'data', summary: 'a record cannot be decoded by the schema of its stream' },
  DIRECTORY_LOCKED: { actor: 'config', summary: 'another process holds the data directory' },
  DISK_FULL: { actor: 'resource', summary: 'the disk refused a write for want of space' },
  DISK_IO: { actor: 'resource', summary: 'the disk failed' },
  INTERNAL_INVARIANT: { actor: 'internal', summary: 'an assertion failed: a defect of Millrace' },
  KAFKA_AUTHENTICATION_FAILED: { actor: 'config', summary: 'the broker and the client do not accept each other by SASL' },
  KAFKA_BROKER_UNAVAILABLE: { actor: 'unavailable', summary: 'no broker answers' },
  KAFKA_FENCED: { actor: 'unavailable', summary: 'another member or producer has taken over' },
  KAFKA_OFFSET_OUT_OF_RANGE: { actor: 'data', summary: 'the log no longer holds the offset that is asked for' },
  KAFKA_PROTOCOL_INVALID: { actor: 'protocol', summary: 'bytes on the wire do not follow the Kafka protocol' },
  KAFKA_RECORD_CORRUPT: { actor: 'data', summary: 'a record batch fails its checksum' },
  KAFKA_RECORD_TOO_LARGE: { actor: 'data', summary: 'a record is larger than the topic allows' },
  KAFKA_REQUEST_REFUSED: { actor: 'unavailable', summary: 'the broker answered with an error' },
  KAFKA_TIMED_OUT: { actor: 'unavailable', summary: 'the broker did not answer in time' },
  KAFKA_TLS_FAILED: { actor: 'config', summary: 'no TLS connection to the broker can be made' },
  KAFKA_TOPIC_UNKNOWN: { actor: 'unavailable', summary: 'the topic does not exist' },
  LIFECYCLE_TIMED_OUT: { actor: 'internal', summary: 'a part did not open or close within its deadline' },
  LISTEN_FAILED: { actor: 'config', summary: 'a port cannot be listened on' },
  NOT_SUPPORTED: { actor: 'user', summary: 'understood, but not supported' },
  PIPE_FAILED: { actor: 'plugin', summary: 'a pipe has stopped: a stage of it has failed and will fail again' },
  PLAN_AGGREGATION_ILLEGAL: { actor: 'user', summary: 'an aggregate stands where none may' },
  PLAN_ARGUMENT_COUNT: { actor: 'user', summary: 'a function got too few or too many arguments' },
  PLAN_ARGUMENT_INVALID: { actor: 'user', summary: 'an argument or a clause has a value that cannot be used' },
  PLAN_ARGUMENT_TYPE: { actor: 'user', summary: 'a function or operator does not take this type' },
  PLAN_EXPRESSION_UNEXPECTED: { actor: 'user', summary: 'an expression stands where it may not' },
  PLAN_FORMAT_UNKNOWN: { actor: 'user', summary: 'no format has this name' },
  PLAN_FUNCTION_UNKNOWN: { actor: 'user', summary: 'no function has this name' },
  PLAN_IDENTIFIER_UNKNOWN: { actor: 'user', summary: 'no column has this name' },
  PLAN_NOT_AN_AGGREGATE: { actor: 'user', summary: 'a column is neither grouped by nor aggregated' },
  PLAN_QUERY_INCORRECT: { actor: 'user', summary: 'clauses that do not go together' },
  PLAN_SETTING_UNKNOWN: { actor: 'user', summary: 'no setting has this name' },
  PLAN_STREAM_EXISTS: { actor: 'user', summary: 'a stream or view of this name exists already' },
  PLAN_STREAM_UNKNOWN: { actor: 'user', summary: 'no stream or view has this name' },
  PLAN_TYPE_MISMATCH: { actor: 'user', summary: 'a value does not convert to the type of its place' },
  PLAN_TYPE_UNKNOWN: { actor: 'user', summary: 'no type has this name' },
  PLAN_WINDOW_COLUMN_MISSING: { actor: 'user', summary: 'GROUP BY over a window names no window column' },
  PLUGIN_FAILED: { actor: 'plugin', summary: 'a hook of a plugin has failed' },
  QUERY_CANCELLED: { actor: 'cancelled', summary: 'the query was cancelled' },
  QUERY_CLIENT_STALLED: { actor: 'resource', summary: 'the client did not take the results for too long' },
  QUERY_MEMORY_EXCEEDED: { actor: 'resource', summary: 'the query reached its memory bound' },
  QUERY_WORKER_LOST: { actor: 'internal', summary: 'the worker that ran the query has died' },
  REQUEST_FORBIDDEN: { actor: 'user', summary: 'the request came from a place that may not ask' },
  REQUEST_READONLY: { actor: 'user', summary: 'the request may only read' },
  REQUEST_TOO_LARGE: { actor: 'user', summary: 'the request is larger than the limit' },
  SQL_SYNTAX: { actor: 'user', summary: 'the text is not a statement of the dialect' },
  STATE_INVALID: { actor: 'data', summary: 'the saved state of a view is damaged, or of another shape than its query' },
  STREAM_HAS_DEPENDENTS: { actor: 'user', summary: 'other objects read what is to be dropped or changed' },
} as const satisfies Record<string, { actor: ErrorActor; summary: string }>;

/** Who must act on an error. */
export type ErrorActor = 'user' | 'config' | 'data' | 'resource' | 'unavailable' | 'cancelled' | 'protocol' | 'plugin' | 'internal';

/** One of the codes of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
