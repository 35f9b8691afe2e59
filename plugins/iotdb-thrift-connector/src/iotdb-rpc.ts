/** IoTDB's RPC for those who are no plugins: what the connectors are built on. */
export { ConnectionFailed, type ConnectionOptions } from './client/connection.ts';
export { type Credentials, type QueryResult, Session, StatusError } from './client/session.ts';
export type { CellValue } from './rpc/data-type.ts';
export type { Endpoint, Status } from './rpc/structs.ts';
export type { Tablet, TabletColumn } from './rpc/tablet.ts';
