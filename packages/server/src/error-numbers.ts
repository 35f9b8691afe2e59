import type { ErrorCode } from '@millrace/core';

/** What clients of ClickHouse's and Proton's HTTP interface see of an error. */
export interface ErrorNumber {
  readonly number: number;
  readonly name: string;
  readonly httpStatus: number;
}

/** The edge table to ClickHouse's numbers and names, and to HTTP status. What is not here is not the client's doing: a logical error. */
const errorNumbers: Readonly<Partial<Record<ErrorCode, ErrorNumber>>> = {
  BROKER_LOG_CORRUPT: { number: 246, name: 'CORRUPTED_DATA', httpStatus: 500 },
  CATALOG_CHANGED: { number: 80, name: 'INCORRECT_QUERY', httpStatus: 409 },
  DATA_CAST_FAILED: { number: 53, name: 'TYPE_MISMATCH', httpStatus: 400 },
  DATA_DIVISION_BY_ZERO: { number: 153, name: 'ILLEGAL_DIVISION', httpStatus: 400 },
  DATA_TIMESTAMP_NULL: { number: 27, name: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED', httpStatus: 400 },
  DATA_UNDECODABLE: { number: 27, name: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED', httpStatus: 400 },
  DISK_FULL: { number: 243, name: 'NOT_ENOUGH_SPACE', httpStatus: 507 },
  DISK_IO: { number: 74, name: 'CANNOT_READ_FROM_FILE_DESCRIPTOR', httpStatus: 500 },
  KAFKA_AUTHENTICATION_FAILED: { number: 210, name: 'NETWORK_ERROR', httpStatus: 502 },
  KAFKA_BROKER_UNAVAILABLE: { number: 210, name: 'NETWORK_ERROR', httpStatus: 503 },
  KAFKA_FENCED: { number: 210, name: 'NETWORK_ERROR', httpStatus: 503 },
  KAFKA_OFFSET_OUT_OF_RANGE: { number: 36, name: 'BAD_ARGUMENTS', httpStatus: 400 },
  KAFKA_PROTOCOL_INVALID: { number: 210, name: 'NETWORK_ERROR', httpStatus: 502 },
  KAFKA_RECORD_CORRUPT: { number: 246, name: 'CORRUPTED_DATA', httpStatus: 500 },
  KAFKA_RECORD_TOO_LARGE: { number: 36, name: 'BAD_ARGUMENTS', httpStatus: 413 },
  KAFKA_REQUEST_REFUSED: { number: 210, name: 'NETWORK_ERROR', httpStatus: 502 },
  KAFKA_TIMED_OUT: { number: 159, name: 'TIMEOUT_EXCEEDED', httpStatus: 503 },
  KAFKA_TLS_FAILED: { number: 210, name: 'NETWORK_ERROR', httpStatus: 502 },
  KAFKA_TOPIC_UNKNOWN: { number: 60, name: 'UNKNOWN_STREAM', httpStatus: 404 },
  NOT_SUPPORTED: { number: 48, name: 'NOT_IMPLEMENTED', httpStatus: 501 },
  PIPE_ATTRIBUTES_INVALID: { number: 1107, name: 'PIPE_ERROR', httpStatus: 400 },
  PIPE_EXISTS: { number: 1107, name: 'PIPE_ERROR', httpStatus: 409 },
  PIPE_FAILED: { number: 1107, name: 'PIPE_ERROR', httpStatus: 500 },
  PIPE_NAME_INVALID: { number: 1107, name: 'PIPE_ERROR', httpStatus: 400 },
  PIPE_UNKNOWN: { number: 1107, name: 'PIPE_ERROR', httpStatus: 404 },
  PLAN_AGGREGATION_ILLEGAL: { number: 184, name: 'ILLEGAL_AGGREGATION', httpStatus: 400 },
  PLAN_ARGUMENT_COUNT: { number: 42, name: 'NUMBER_OF_ARGUMENTS_DOESNT_MATCH', httpStatus: 400 },
  PLAN_ARGUMENT_INVALID: { number: 36, name: 'BAD_ARGUMENTS', httpStatus: 400 },
  PLAN_ARGUMENT_TYPE: { number: 43, name: 'ILLEGAL_TYPE_OF_ARGUMENT', httpStatus: 400 },
  PLAN_EXPRESSION_UNEXPECTED: { number: 183, name: 'UNEXPECTED_EXPRESSION', httpStatus: 400 },
  PLAN_FORMAT_UNKNOWN: { number: 73, name: 'UNKNOWN_FORMAT', httpStatus: 400 },
  PLAN_FUNCTION_UNKNOWN: { number: 46, name: 'UNKNOWN_FUNCTION', httpStatus: 404 },
  PLAN_IDENTIFIER_UNKNOWN: { number: 47, name: 'UNKNOWN_IDENTIFIER', httpStatus: 404 },
  PLAN_NOT_AN_AGGREGATE: { number: 215, name: 'NOT_AN_AGGREGATE', httpStatus: 400 },
  PLAN_QUERY_INCORRECT: { number: 80, name: 'INCORRECT_QUERY', httpStatus: 400 },
  PLAN_SETTING_UNKNOWN: { number: 115, name: 'UNKNOWN_SETTING', httpStatus: 404 },
  PLAN_STREAM_EXISTS: { number: 57, name: 'STREAM_ALREADY_EXISTS', httpStatus: 409 },
  PLAN_STREAM_UNKNOWN: { number: 60, name: 'UNKNOWN_STREAM', httpStatus: 404 },
  PLAN_TYPE_MISMATCH: { number: 53, name: 'TYPE_MISMATCH', httpStatus: 400 },
  PLAN_TYPE_UNKNOWN: { number: 50, name: 'UNKNOWN_TYPE', httpStatus: 404 },
  PLAN_WINDOW_COLUMN_MISSING: { number: 2002, name: 'WINDOW_COLUMN_NOT_REFERENCED', httpStatus: 400 },
  PLUGIN_BUILT_IN: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 409 },
  PLUGIN_EXISTS: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 409 },
  PLUGIN_FAILED: { number: 1107, name: 'PIPE_ERROR', httpStatus: 502 },
  PLUGIN_IN_USE: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 409 },
  PLUGIN_INVALID: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 400 },
  PLUGIN_UNAVAILABLE: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 502 },
  PLUGIN_UNKNOWN: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 404 },
  PLUGIN_URI_REFUSED: { number: 1107, name: 'PIPE_PLUGIN_ERROR', httpStatus: 403 },
  QUERY_CANCELLED: { number: 394, name: 'QUERY_WAS_CANCELLED', httpStatus: 499 },
  QUERY_CLIENT_STALLED: { number: 394, name: 'QUERY_WAS_CANCELLED', httpStatus: 499 },
  QUERY_MEMORY_EXCEEDED: { number: 241, name: 'MEMORY_LIMIT_EXCEEDED', httpStatus: 507 },
  REQUEST_FORBIDDEN: { number: 497, name: 'ACCESS_DENIED', httpStatus: 403 },
  REQUEST_READONLY: { number: 164, name: 'READONLY', httpStatus: 403 },
  REQUEST_TOO_LARGE: { number: 36, name: 'BAD_ARGUMENTS', httpStatus: 413 },
  SQL_SYNTAX: { number: 62, name: 'SYNTAX_ERROR', httpStatus: 400 },
  STATE_INVALID: { number: 246, name: 'CORRUPTED_DATA', httpStatus: 500 },
  STREAM_HAS_DEPENDENTS: { number: 630, name: 'HAVE_DEPENDENT_OBJECTS', httpStatus: 409 },
};

/** Everything that is not the client's doing. */
const logicalError: ErrorNumber = { number: 49, name: 'LOGICAL_ERROR', httpStatus: 500 };

export function errorNumber(code: ErrorCode): ErrorNumber {
  return errorNumbers[code] ?? logicalError;
}
