import { createServer, type Server, type Socket } from 'node:net';
import { type CellValue, type DataType, dataTypeOf } from '../src/rpc/data-type.ts';
import { methods } from '../src/rpc/methods.ts';
import { decodeRecord } from '../src/rpc/record.ts';
import { statusCode } from '../src/rpc/status.ts';
import type {
  deleteDataRequest,
  Endpoint,
  insertRecordsRequest,
  insertTabletRequest,
  insertTabletsRequest,
  openSessionRequest,
  Status,
} from '../src/rpc/structs.ts';
import { decodeTabletValues, decodeTimes } from '../src/rpc/tablet.ts';
import { FrameSplitter } from '../src/thrift/frame-splitter.ts';
import { decodeMessage, encodeException, encodeReply, type Message, readArguments } from '../src/thrift/message.ts';
import { ApplicationException } from '../src/thrift/thrift-error.ts';
import type { ValueOf } from '../src/thrift/types.ts';
import { StoredSeries } from './stored-series.ts';

/**
 * What becomes of a call instead of what usually would. A status alone: it is not carried out. `applied`: it is, and answered so.
 * `close`, `close-after`: the connection breaks before or after it is carried out. `silent`: nothing is answered. Bytes are sent as they are.
 */
export type Answer = Status | { readonly applied: Status } | 'close' | 'close-after' | 'silent' | Buffer;

export interface FakeIotdbOptions {
  readonly version?: string;
  readonly precision?: string;
  readonly password?: string;
  readonly frameSizeMax?: number;
  /** Sessions that it takes at once. */
  readonly sessionsMax?: number;
  /** A call with rows of it is refused as a whole. */
  readonly illegalDevice?: string;
  /** Speaks TCompactProtocol: a call of the binary protocol ends the connection. */
  readonly isCompact?: boolean;
}

/** How a real server begins to answer `getProperties` in the compact protocol. */
const compactAnswer = Buffer.from('8241000d67657450726f706572746965730c00180a322e302e312d62657461000000', 'hex');

/** A row as it has arrived. */
export interface ArrivedRow {
  readonly device: string;
  readonly time: bigint;
  readonly values: ReadonlyMap<string, { readonly type: DataType; readonly value: CellValue }>;
}

export interface FakeCall {
  readonly method: string;
  readonly request: unknown;
  readonly connection: number;
}

const success: Status = { code: statusCode.success };

/** A server that speaks IoTDB's RPC as far as connectors need it: it keeps what it gets, and answers by a script. */
export class FakeIotdb {
  readonly calls: FakeCall[] = [];
  /** Rows call by call: those of one call have no order among each other. */
  readonly arrived: ArrivedRow[][] = [];
  readonly series = new StoredSeries();
  readonly #options: Required<FakeIotdbOptions>;
  readonly #script = new Map<string, Answer[]>();
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #connections = 0;
  #sessions = 0;
  #released: Promise<void> = Promise.resolve();
  #release = () => {};

  private constructor(options: FakeIotdbOptions) {
    this.#options = {
      version: '2.0.1-beta',
      precision: 'ms',
      password: 'root',
      frameSizeMax: 536_870_912,
      sessionsMax: 100,
      illegalDevice: '',
      isCompact: false,
      ...options,
    };
    this.#server = this.#makeServer();
  }

  static async start(options: FakeIotdbOptions = {}): Promise<FakeIotdb> {
    const server = new FakeIotdb(options);
    await server.comeBack();
    return server;
  }

  get endpoint(): Endpoint {
    return { ip: '127.0.0.1', port: this.#port };
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#sessions;
  }

  /** The next calls of a method come to this. */
  script(method: string, ...answers: Answer[]): void {
    this.#script.set(method, [...(this.#script.get(method) ?? []), ...answers]);
  }

  /** How often a method was called. */
  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** Answers nothing until `release`. */
  hold(): void {
    this.#released = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  /** Breaks connections and takes no new ones. */
  async goDown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = this.#makeServer();
  }

  async comeBack(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    this.release();
    if (this.#server.listening) await this.goDown();
  }

  #makeServer(): Server {
    return createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      const connection = this.#connections++;
      const splitter = new FrameSplitter(this.#options.frameSizeMax);
      let last = Promise.resolve();
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (data) => {
        for (const frame of splitter.push(data))
          if (this.#options.isCompact) this.#answerCompact(socket, frame);
          else last = last.then(() => this.#serve(socket, connection, decodeMessage(frame))).catch(() => void socket.destroy());
      });
    });
  }

  #answerCompact(socket: Socket, frame: Buffer): void {
    if (frame[0] !== compactAnswer[0]) return void socket.destroy();
    const length = Buffer.alloc(4);
    length.writeInt32BE(compactAnswer.length);
    socket.write(Buffer.concat([length, compactAnswer]));
  }

  async #serve(socket: Socket, connection: number, message: Message): Promise<void> {
    await this.#released;
    if (socket.destroyed) return;
    const method = methods.get(message.method);
    if (method === undefined) {
      socket.write(
        encodeException(message.method, message.sequence, new ApplicationException(1, `Invalid method name: '${message.method}'`)),
      );
      return;
    }
    const args = readArguments(method, message) as { readonly request?: unknown };
    this.calls.push({ method: message.method, request: args.request ?? args, connection });
    const answer = this.#script.get(message.method)?.shift();
    if (answer === 'close') return void socket.destroy();
    if (answer === 'silent') return;
    if (Buffer.isBuffer(answer)) return void socket.write(answer);
    const { illegalDevice } = this.#options;
    const isIllegal = illegalDevice !== '' && devicesOf(args.request).includes(illegalDevice);
    if (isIllegal)
      return void socket.write(
        encodeReply(method, message.sequence, { code: statusCode.illegalPath, message: `${illegalDevice} is not a legal path` }),
      );
    const isRefused = answer !== undefined && typeof answer === 'object' && 'code' in answer;
    const result = isRefused ? this.#refusal(message.method, answer) : this.#carryOut(message.method, args.request);
    if (answer === 'close-after') return void socket.destroy();
    const said = typeof answer === 'object' && 'applied' in answer ? answer.applied : result;
    socket.write(encodeReply(method, message.sequence, said));
  }

  #refusal(method: string, status: Status): unknown {
    return method === 'openSession' ? { status, serverProtocolVersion: 2 } : status;
  }

  #carryOut(method: string, request: unknown): unknown {
    this.arrived.push([]);
    switch (method) {
      case 'openSession':
        return this.#open(request as ValueOf<typeof openSessionRequest>);
      case 'closeSession':
        this.#sessions--;
        return success;
      case 'getProperties':
        return this.#properties();
      case 'requestStatementId':
        return 1n;
      case 'insertTablet':
        return this.#insertTablet(request as ValueOf<typeof insertTabletRequest>);
      case 'insertTablets':
        return this.#insertTablets(request as ValueOf<typeof insertTabletsRequest>);
      case 'insertRecords':
        return this.#insertRecords(request as ValueOf<typeof insertRecordsRequest>);
      case 'deleteData':
        return this.#delete(request as ValueOf<typeof deleteDataRequest>);
      default:
        throw new Error(`${method} is not faked`);
    }
  }

  #open({ username, password, clientProtocol, zoneId }: ValueOf<typeof openSessionRequest>): unknown {
    if (clientProtocol !== 2 || zoneId !== 'UTC') throw new Error(`protocol ${clientProtocol}, zone ${zoneId}`);
    const refused = (code: number, message: string) => ({ status: { code, message }, serverProtocolVersion: 2, sessionId: -1n });
    if (username !== 'root' || password !== this.#options.password) return refused(statusCode.wrongLogin, 'Authentication failed.');
    if (this.#sessions >= this.#options.sessionsMax) return refused(statusCode.executionError, 'too many sessions');
    this.#sessions++;
    const configuration = new Map([['timestamp_precision', this.#options.precision]]);
    return { status: success, serverProtocolVersion: 2, sessionId: 7n, configuration };
  }

  #properties(): unknown {
    const { version, precision, frameSizeMax } = this.#options;
    return { version, supportedTimeAggregationOperations: [], timestampPrecision: precision, thriftMaxFrameSize: frameSizeMax };
  }

  #insertTablet(request: ValueOf<typeof insertTabletRequest>): Status {
    const { device, measurements, types, rowCount, values, timestamps } = request;
    const columns = decodeTabletValues(
      measurements.map((measurement, i) => ({ measurement, type: dataTypeOf(types[i]!)! })),
      rowCount,
      values,
    );
    return this.#store(
      decodeTimes(timestamps).map((time, row) => {
        const present = columns.filter((column) => column.values[row] !== null);
        return {
          device,
          time,
          values: new Map(present.map(({ measurement, type, values: lane }) => [measurement, { type, value: lane[row]! }])),
        };
      }),
    );
  }

  #insertTablets(request: ValueOf<typeof insertTabletsRequest>): Status {
    const statuses = request.devices.map((device, i) =>
      this.#insertTablet({
        sessionId: request.sessionId,
        device,
        measurements: request.measurements[i]!,
        values: request.values[i]!,
        timestamps: request.timestamps[i]!,
        types: request.types[i]!,
        rowCount: request.rowCounts[i]!,
      }),
    );
    return statuses.find(({ code }) => code !== statusCode.success) ?? success;
  }

  #insertRecords({ devices, measurements, values, timestamps }: ValueOf<typeof insertRecordsRequest>): Status {
    return this.#store(
      devices.map((device, i) => {
        const cells = decodeRecord(measurements[i]!.length, values[i]!);
        return { device, time: timestamps[i]!, values: new Map(cells.map((cell, c) => [measurements[i]![c]!, cell])) };
      }),
    );
  }

  #store(rows: readonly ArrivedRow[]): Status {
    this.arrived.at(-1)!.push(...rows);
    const rejected = rows.flatMap((row) => this.series.insert(row));
    if (rejected.length === 0) return success;
    const names = [...new Set(rejected.map(({ measurement }) => measurement))].join(', ');
    return { code: statusCode.measurementRejected, message: `Fail to insert measurements [${names}] caused by [${rejected[0]!.reason}]` };
  }

  #delete({ paths, startTime, endTime }: ValueOf<typeof deleteDataRequest>): Status {
    for (const path of paths) this.series.delete(path, startTime, endTime);
    return success;
  }
}

function devicesOf(request: unknown): readonly string[] {
  const { device, devices } = (request ?? {}) as { readonly device?: string; readonly devices?: readonly string[] };
  return devices ?? (device === undefined ? [] : [device]);
}
