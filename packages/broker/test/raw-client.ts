import { connect, type Socket } from 'node:net';
import { type Api, decodeResponse, type EncodableRequest, encodeRequest, type ResponseOf } from '@millrace/kafka-protocol';

/** One connection to a broker on which frames are sent as they are. */
export class RawClient {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #correlationId = 0;
  isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends without waiting for the answer; returns the correlation id. */
  send<A extends Api>(api: A, version: number, body: EncodableRequest<A>): number {
    const correlationId = ++this.#correlationId;
    this.sendBytes(encodeRequest(api, version, { correlationId, clientId: 'raw' }, body));
    return correlationId;
  }

  /** The next frame, without its size; undefined if the broker closed the connection. */
  async receive(): Promise<Buffer | undefined> {
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) {
      if (this.isClosed) return undefined;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
    const end = 4 + this.#received.readInt32BE(0);
    const frame = this.#received.subarray(4, end);
    this.#received = this.#received.subarray(end);
    return frame;
  }

  async request<A extends Api>(api: A, version: number, body: EncodableRequest<A>): Promise<ResponseOf<A>> {
    const correlationId = this.send(api, version, body);
    const frame = await this.receive();
    if (frame === undefined) throw new Error(`${api.name} was answered by closing the connection`);
    if (frame.readInt32BE(0) !== correlationId) throw new Error(`got the answer to ${frame.readInt32BE(0)}, not to ${correlationId}`);
    return decodeResponse(api, version, frame);
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await new Promise<void>((wake) => this.#waiting.push(wake));
  }

  close(): void {
    this.#socket.destroy();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
