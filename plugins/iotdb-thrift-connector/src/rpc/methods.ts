import { int64, type Method, method, required } from '../thrift/types.ts';
import {
  closeOperationRequest,
  closeSessionRequest,
  deleteDataRequest,
  executeStatementRequest,
  executeStatementResponse,
  fetchResultsRequest,
  fetchResultsResponse,
  insertRecordsRequest,
  insertTabletRequest,
  insertTabletsRequest,
  openSessionRequest,
  openSessionResponse,
  serverProperties,
  status,
} from './structs.ts';

/** Calls of IoTDB's `IClientRPCService` that are spoken here. */
export const openSession = method('openSession', { request: required(1, openSessionRequest) }, openSessionResponse);
export const closeSession = method('closeSession', { request: required(1, closeSessionRequest) }, status);
export const getProperties = method('getProperties', {}, serverProperties);
export const requestStatementId = method('requestStatementId', { sessionId: required(1, int64) }, int64);
export const insertTablet = method('insertTablet', { request: required(1, insertTabletRequest) }, status);
export const insertTablets = method('insertTablets', { request: required(1, insertTabletsRequest) }, status);
export const insertRecords = method('insertRecords', { request: required(1, insertRecordsRequest) }, status);
export const deleteData = method('deleteData', { request: required(1, deleteDataRequest) }, status);
export const executeStatement = method('executeStatement', { request: required(1, executeStatementRequest) }, executeStatementResponse);
export const fetchResults = method('fetchResults', { request: required(1, fetchResultsRequest) }, fetchResultsResponse);
export const closeOperation = method('closeOperation', { request: required(1, closeOperationRequest) }, status);

/** By name, for who receives calls. */
export const methods: ReadonlyMap<string, Method<unknown, unknown>> = new Map(
  [
    openSession,
    closeSession,
    getProperties,
    requestStatementId,
    insertTablet,
    insertTablets,
    insertRecords,
    deleteData,
    executeStatement,
    fetchResults,
    closeOperation,
  ].map((definition) => [definition.name, definition as Method<unknown, unknown>]),
);
