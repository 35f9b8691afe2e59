export { Connection, ConnectionFailed, type ConnectionOptions } from './client/connection.ts';
export { type Credentials, type DeviceRecord, type QueryResult, Session, StatusError, type TimePrecision } from './client/session.ts';
