import { type CellValue, dataTypes } from '../rpc/data-type.ts';
import * as methods from '../rpc/methods.ts';
import { encodeRecord, type TypedValue } from '../rpc/record.ts';
import { decodeResultSet } from '../rpc/result-set.ts';
import { describeStatus, statusCode, verdictOf } from '../rpc/status.ts';
import type { Endpoint, Status } from '../rpc/structs.ts';
import { encodeTabletValues, encodeTimes, type Tablet } from '../rpc/tablet.ts';
import { frameSizeMax } from '../thrift/frame-splitter.ts';
import { compactRefused } from '../thrift/message.ts';
import { ApplicationException, ThriftError } from '../thrift/thrift-error.ts';
import { Connection, ConnectionFailed, type ConnectionOptions } from './connection.ts';
import { speaksCompact } from './speaks-compact.ts';

/** A status that says no. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  /** What was tried. */
  readonly what: string;
  readonly status: Status;

  constructor(what: string, status: Status) {
    super(`${what}: ${describeStatus(status)}`);
    this.what = what;
    this.status = status;
  }
}

/** How many digits of a second the server's times have, by the name of its precision. */
const precisions: { readonly [name: string]: TimePrecision } = { ms: 3, us: 6, ns: 9 };
export type TimePrecision = 3 | 6 | 9;

/** V3, since 0.13. */
const protocolVersion = 2;

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** One row of a device, without the measurements that are NULL. */
export interface DeviceRecord {
  readonly device: string;
  readonly time: bigint;
  readonly measurements: readonly string[];
  readonly values: readonly TypedValue[];
}

/** Rows of a query: the columns as the server calls them, `Time` among them only as `times`. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly times: readonly bigint[];
  readonly rows: readonly (readonly (CellValue | null)[])[];
}

/** What the server has said of itself. */
interface ServerTraits {
  readonly version: string;
  readonly precision: TimePrecision;
  /** Longest message that it takes. */
  readonly frameSizeMax: number;
}

/**
 * A session with a node of IoTDB: it belongs to its connection. Calls may be made at once; they are carried out in their order.
 * Each gives the server's status as it is, whatever it says; what ends otherwise is an error of {@link Connection.call}.
 */
export class Session {
  readonly #connection: Connection;
  readonly #sessionId: bigint;
  readonly server: ServerTraits;

  private constructor(connection: Connection, sessionId: bigint, server: ServerTraits) {
    this.#connection = connection;
    this.#sessionId = sessionId;
    this.server = server;
  }

  /**
   * Connects and logs in.
   * @throws {ConnectionFailed}
   * @throws {StatusError} if the server refuses
   */
  static async open(endpoint: Endpoint, credentials: Credentials, options: ConnectionOptions): Promise<Session> {
    const connection = await Connection.connect(endpoint, options);
    const abort = () => connection.close();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      return await logIn(connection, credentials, (sessionId, server) => new Session(connection, sessionId, server));
    } catch (failure) {
      connection.close();
      const isCut = failure instanceof ConnectionFailed && !(failure.cause instanceof ThriftError) && options.signal?.aborted !== true;
      if (!isCut || !(await speaksCompact(endpoint, options.connectTimeoutMs))) throw failure;
      throw new ConnectionFailed(`IoTDB at ${endpoint.ip}:${endpoint.port}: ${compactRefused}`, { cause: failure });
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  get endpoint(): Endpoint {
    return this.#connection.endpoint;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  get inFlight(): number {
    return this.#connection.inFlight;
  }

  insertTablet(tablet: Tablet): Promise<Status> {
    const { device, times, columns } = tablet;
    return this.#connection.call(methods.insertTablet, {
      request: {
        sessionId: this.#sessionId,
        device,
        measurements: columns.map(({ measurement }) => measurement),
        values: encodeTabletValues(columns),
        timestamps: encodeTimes(times),
        types: columns.map(({ type }) => dataTypes[type]),
        rowCount: times.length,
        isAligned: false,
      },
    });
  }

  insertTablets(tablets: readonly Tablet[]): Promise<Status> {
    return this.#connection.call(methods.insertTablets, {
      request: {
        sessionId: this.#sessionId,
        devices: tablets.map(({ device }) => device),
        measurements: tablets.map(({ columns }) => columns.map(({ measurement }) => measurement)),
        values: tablets.map(({ columns }) => encodeTabletValues(columns)),
        timestamps: tablets.map(({ times }) => encodeTimes(times)),
        types: tablets.map(({ columns }) => columns.map(({ type }) => dataTypes[type])),
        rowCounts: tablets.map(({ times }) => times.length),
        isAligned: false,
      },
    });
  }

  insertRecords(records: readonly DeviceRecord[]): Promise<Status> {
    return this.#connection.call(methods.insertRecords, {
      request: {
        sessionId: this.#sessionId,
        devices: records.map(({ device }) => device),
        measurements: records.map(({ measurements }) => measurements),
        values: records.map(({ values }) => encodeRecord(values)),
        timestamps: records.map(({ time }) => time),
        isAligned: false,
      },
    });
  }

  /** @param paths patterns of series, e.g. `root.a.d.*` */
  deleteData(paths: readonly string[], startTime: bigint, endTime: bigint): Promise<Status> {
    return this.#connection.call(methods.deleteData, { request: { sessionId: this.#sessionId, paths, startTime, endTime } });
  }

  /** A call that costs the server next to nothing. */
  async ping(): Promise<void> {
    await this.#connection.call(methods.requestStatementId, { sessionId: this.#sessionId });
  }

  /** Runs a statement and reads its whole result. @throws {StatusError} */
  async execute(statement: string, fetchSize = 10_000): Promise<QueryResult> {
    const [sessionId, connection] = [this.#sessionId, this.#connection];
    const statementId = await connection.call(methods.requestStatementId, { sessionId });
    const answer = await connection.call(methods.executeStatement, { request: { sessionId, statement, statementId, fetchSize } });
    expectDone(statement, answer.status);
    const [names, types] = [answer.columns ?? [], answer.dataTypes ?? []];
    // Blocks have an order of their own.
    const places = names.map((name, i) => answer.columnNameIndexMap?.get(name) ?? i);
    const typesByPlace = types.map((_, place) => types[places.indexOf(place)]!);
    const result = { columns: names, types, times: [] as bigint[], rows: [] as (CellValue | null)[][] };
    for (let set = answer.queryDataSet; set !== undefined && set.time.length > 0; ) {
      const { times, columns } = decodeResultSet(set, typesByPlace);
      result.times.push(...times);
      result.rows.push(...times.map((_, row) => places.map((place) => columns[place]![row]!)));
      if (answer.moreData !== true) break;
      const request = { sessionId, statement, fetchSize, queryId: answer.queryId!, isAlign: true };
      const next = await connection.call(methods.fetchResults, { request });
      expectDone(statement, next.status);
      set = next.queryDataSet;
    }
    if (answer.queryId !== undefined)
      await connection.call(methods.closeOperation, { request: { sessionId, queryId: answer.queryId, statementId } });
    return result;
  }

  /** Says goodbye and closes the connection. Never fails; may be called again. */
  async close(): Promise<void> {
    if (this.isOpen) await this.#connection.call(methods.closeSession, { request: { sessionId: this.#sessionId } }).catch(() => undefined);
    this.#connection.close();
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#connection.close();
  }
}

async function logIn<T>(
  connection: Connection,
  credentials: Credentials,
  made: (sessionId: bigint, server: ServerTraits) => T,
): Promise<T> {
  const answer = await connection.call(methods.openSession, {
    request: {
      clientProtocol: protocolVersion,
      zoneId: 'UTC',
      username: credentials.user,
      password: credentials.password,
      configuration: new Map([
        ['version', 'V_1_0'],
        ['sql_dialect', 'tree'],
      ]),
    },
  });
  expectDone('login', answer.status);
  if (answer.sessionId === undefined) throw new StatusError('login without a session', answer.status);
  const properties = await connection.call(methods.getProperties, {}).catch((failure) => {
    if (failure instanceof ApplicationException) return undefined;
    throw failure;
  });
  const precision = answer.configuration?.get('timestamp_precision') ?? properties?.timestampPrecision ?? 'ms';
  if (!Object.hasOwn(precisions, precision)) throw new StatusError(`times in ${precision}, not ms, us or ns`, answer.status);
  return made(answer.sessionId, {
    version: properties?.version ?? '',
    precision: precisions[precision]!,
    frameSizeMax: properties?.thriftMaxFrameSize ?? frameSizeMax,
  });
}

function expectDone(what: string, status: Status): void {
  if (verdictOf(status) !== 'done' || status.code === statusCode.multiple) throw new StatusError(what, status);
}
