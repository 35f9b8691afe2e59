import {
  binary,
  bool,
  int8,
  int32,
  int64,
  list,
  map,
  optional,
  recursiveStruct,
  required,
  string,
  struct,
  type ThriftType,
} from '../thrift/types.ts';

/**
 * Structs of IoTDB's `client.thrift` and `common.thrift` (2.0; those of 1.x have a part of the optional fields), as far as they are spoken here.
 * Receivers pass over fields that they do not know.
 */

/** Where a node of IoTDB listens. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

const endpoint = struct('TEndPoint', { ip: required(1, string), port: required(2, int32) });

/** What a call has come to. */
export interface Status {
  /** See `statusCode`. */
  readonly code: number;
  readonly message?: string | undefined;
  /** Of a call on several devices, one each, in their order. */
  readonly subStatus?: readonly Status[] | undefined;
  /** Where the device should be written next time. */
  readonly redirectNode?: Endpoint | undefined;
  readonly needRetry?: boolean | undefined;
}

export const status: ThriftType<Status> = recursiveStruct<Status>('TSStatus', () => ({
  code: required(1, int32),
  message: optional(2, string),
  subStatus: optional(3, list(status)),
  redirectNode: optional(4, endpoint),
  needRetry: optional(5, bool),
}));

export const openSessionRequest = struct('TSOpenSessionReq', {
  clientProtocol: required(1, int32),
  zoneId: required(2, string),
  username: required(3, string),
  password: optional(4, string),
  configuration: optional(5, map(string, string)),
});

export const openSessionResponse = struct('TSOpenSessionResp', {
  status: required(1, status),
  serverProtocolVersion: required(2, int32),
  sessionId: optional(3, int64),
  configuration: optional(4, map(string, string)),
});

export const closeSessionRequest = struct('TSCloseSessionReq', { sessionId: required(1, int64) });

export const serverProperties = struct('ServerProperties', {
  version: required(1, string),
  supportedTimeAggregationOperations: required(2, list(string)),
  timestampPrecision: required(3, string),
  maxConcurrentClientNum: optional(4, int32),
  thriftMaxFrameSize: optional(5, int32),
  isReadOnly: optional(6, bool),
  buildInfo: optional(7, string),
  logo: optional(8, string),
});

export const insertTabletRequest = struct('TSInsertTabletReq', {
  sessionId: required(1, int64),
  device: required(2, string),
  measurements: required(3, list(string)),
  values: required(4, binary),
  timestamps: required(5, binary),
  types: required(6, list(int32)),
  rowCount: required(7, int32),
  isAligned: optional(8, bool),
  writeToTable: optional(9, bool),
  columnCategories: optional(10, list(int8)),
});

export const insertTabletsRequest = struct('TSInsertTabletsReq', {
  sessionId: required(1, int64),
  devices: required(2, list(string)),
  measurements: required(3, list(list(string))),
  values: required(4, list(binary)),
  timestamps: required(5, list(binary)),
  types: required(6, list(list(int32))),
  rowCounts: required(7, list(int32)),
  isAligned: optional(8, bool),
});

export const insertRecordsRequest = struct('TSInsertRecordsReq', {
  sessionId: required(1, int64),
  devices: required(2, list(string)),
  measurements: required(3, list(list(string))),
  values: required(4, list(binary)),
  timestamps: required(5, list(int64)),
  isAligned: optional(6, bool),
});

export const deleteDataRequest = struct('TSDeleteDataReq', {
  sessionId: required(1, int64),
  paths: required(2, list(string)),
  /** Both bounds are included. */
  startTime: required(3, int64),
  endTime: required(4, int64),
});

export const executeStatementRequest = struct('TSExecuteStatementReq', {
  sessionId: required(1, int64),
  statement: required(2, string),
  statementId: required(3, int64),
  fetchSize: optional(4, int32),
  timeout: optional(5, int64),
});

export const queryDataSet = struct('TSQueryDataSet', {
  time: required(1, binary),
  values: required(2, list(binary)),
  bitmaps: required(3, list(binary)),
});

export const executeStatementResponse = struct('TSExecuteStatementResp', {
  status: required(1, status),
  queryId: optional(2, int64),
  columns: optional(3, list(string)),
  operationType: optional(4, string),
  ignoreTimestamp: optional(5, bool),
  dataTypes: optional(6, list(string)),
  queryDataSet: optional(7, queryDataSet),
  columnNameIndexMap: optional(9, map(string, int32)),
  databases: optional(10, list(string)),
  aliasColumns: optional(11, list(int8)),
  queryResult: optional(13, list(binary)),
  moreData: optional(14, bool),
  database: optional(15, string),
  isTableModel: optional(16, bool),
  blockColumns: optional(17, list(int32)),
});

export const fetchResultsRequest = struct('TSFetchResultsReq', {
  sessionId: required(1, int64),
  statement: required(2, string),
  fetchSize: required(3, int32),
  queryId: required(4, int64),
  isAlign: required(5, bool),
  timeout: optional(6, int64),
});

export const fetchResultsResponse = struct('TSFetchResultsResp', {
  status: required(1, status),
  hasResultSet: required(2, bool),
  isAlign: required(3, bool),
  queryDataSet: optional(4, queryDataSet),
  queryResult: optional(6, list(binary)),
  moreData: optional(7, bool),
});

export const closeOperationRequest = struct('TSCloseOperationReq', {
  sessionId: required(1, int64),
  queryId: optional(2, int64),
  statementId: optional(3, int64),
});
