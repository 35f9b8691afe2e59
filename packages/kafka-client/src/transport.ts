import { connect } from 'node:net';

/** A byte stream to a broker, as a port: {@link dialTcp} in production. */
export interface Transport {
  /** Sends the parts one behind the other. Never fails: a broken stream tells through `onClose`. */
  write(parts: readonly Buffer[]): void;
  close(): void;
}

export interface TransportEvents {
  onOpen(): void;
  /** Where the next bytes are best read into, if there is such a place: {@link TransportEvents.onData} then gets a part of it. */
  room(): Buffer | undefined;
  /** The chunk's memory is used again after the call, unless it is a part of `room`. */
  onData(chunk: Buffer): void;
  /** Called once, whoever closed it. */
  onClose(cause: Error | undefined): void;
}

/** Opens a stream; it may be written to before it is open. */
export type Dial = (host: string, port: number, events: TransportEvents) => Transport;

const readSizeBytes = 512 * 1024;
// Reading is synchronous from the kernel to `onData`, so that one buffer serves all connections of the thread.
let readBuffer: Buffer | undefined;

export const dialTcp: Dial = (host, port, events) => {
  readBuffer ??= Buffer.allocUnsafeSlow(readSizeBytes);
  const socket = connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    onread: {
      buffer: () => events.room() ?? readBuffer!,
      callback(length, buffer) {
        events.onData((buffer as Buffer).subarray(0, length));
        return true;
      },
    },
  });
  let cause: Error | undefined;
  socket.on('connect', () => events.onOpen());
  socket.on('error', (error) => {
    cause = error;
  });
  socket.on('close', () => events.onClose(cause));
  return {
    write(parts) {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    },
    close: () => socket.destroy(),
  };
};
