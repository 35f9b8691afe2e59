import { createConnection, type Socket } from 'node:net';
import type { Endpoint } from '../rpc/structs.ts';
import { FrameSplitter } from '../thrift/frame-splitter.ts';
import { decodeMessage, encodeCall, type Message, readResult } from '../thrift/message.ts';
import type { Method } from '../thrift/types.ts';

/** The connection cannot be made, or is gone: what was under way may or may not have been carried out. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
}

/** Milliseconds of silence after which the system asks whether the other side is still there. */
const keepAliveInitialDelay = 30_000;

interface Pending {
  readonly sequence: number;
  readonly settle: (message: Message) => void;
  readonly fail: (failure: Error) => void;
}

export interface ConnectionOptions {
  /** Longest time until the connection is made. */
  readonly connectTimeoutMs: number;
  /** Longest silence while an answer is awaited. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One connection to a node of IoTDB. Several calls may be under way at once: the answers come in their order. */
export class Connection {
  readonly endpoint: Endpoint;
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #pending: Pending[] = [];
  #sequence = 0;
  #failure: Error | null = null;

  private constructor(endpoint: Endpoint, socket: Socket, timeoutMs: number) {
    this.endpoint = endpoint;
    this.#socket = socket;
    socket.setTimeout(timeoutMs);
    socket.on('timeout', () => this.#pending.length > 0 && this.#fail(new Error(`no answer within ${timeoutMs} ms`)));
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** @throws {ConnectionFailed} */
  static connect(endpoint: Endpoint, options: ConnectionOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: endpoint.ip, port: endpoint.port, noDelay: true, keepAlive: true, keepAliveInitialDelay });
      const fail = (cause: unknown) => {
        socket.destroy();
        reject(connectionFailed(endpoint, cause));
      };
      const abort = () => fail(options.signal!.reason);
      const timeOut = () => fail(new Error(`not connected within ${options.connectTimeoutMs} ms`));
      socket.setTimeout(options.connectTimeoutMs);
      socket.once('timeout', timeOut);
      socket.once('error', fail);
      options.signal?.addEventListener('abort', abort, { once: true });
      if (options.signal?.aborted) abort();
      socket.once('connect', () => {
        socket.off('timeout', timeOut);
        socket.off('error', fail);
        options.signal?.removeEventListener('abort', abort);
        resolve(new Connection(endpoint, socket, options.timeoutMs));
      });
    });
  }

  /** Calls that wait for their answers. */
  get inFlight(): number {
    return this.#pending.length;
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /**
   * @throws {ConnectionFailed} if the connection is lost or the answer is no Thrift; the connection is closed then
   * @throws {ApplicationException} if the server could not carry out the call at all
   */
  async call<A, R>(method: Method<A, R>, args: A): Promise<R> {
    if (this.#failure !== null) throw this.#failure;
    const sequence = this.#sequence++ & 0x7fffffff;
    const answer = new Promise<Message>((settle, fail) => this.#pending.push({ sequence, settle, fail }));
    this.#socket.write(encodeCall(method, sequence, args));
    return readResult(method, await answer);
  }

  /** What is under way fails. May be called again. */
  close(): void {
    this.#fail(new Error('the connection was closed by us'));
  }

  #receive(data: Buffer): void {
    try {
      for (const frame of this.#splitter.push(data)) this.#settle(decodeMessage(frame));
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #settle(message: Message): void {
    const pending = this.#pending[0];
    if (pending?.sequence !== message.sequence)
      throw new Error(`an answer with number ${message.sequence} where ${pending?.sequence ?? 'none'} is awaited`);
    this.#pending.shift();
    pending.settle(message);
  }

  #fail(cause: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = connectionFailed(this.endpoint, cause);
    this.#socket.destroy();
    for (const { fail } of this.#pending.splice(0)) fail(this.#failure);
  }
}

function connectionFailed({ ip, port }: Endpoint, cause: unknown): ConnectionFailed {
  const code = (cause as NodeJS.ErrnoException).code;
  const reason = code ?? (cause instanceof Error ? cause.message : String(cause));
  return new ConnectionFailed(`IoTDB at ${ip}:${port}: ${reason}`, { cause });
}
