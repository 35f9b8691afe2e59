import { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { BrokerPorts } from '@millrace/broker';
import type { SeededRandom } from '@millrace/core';
import type { KafkaClient } from '@millrace/kafka-client';

type Network = NonNullable<BrokerPorts['network']>;
type Dial = NonNullable<ConstructorParameters<typeof KafkaClient>[0]['dial']>;
type Transport = ReturnType<Dial>;
type TransportEvents = Parameters<Dial>[2];

/** How often a frame that a client sends is met by the end of its connection: on its way there, or with the answer on its way back. */
export interface Cuts {
  readonly chance: number;
}

/**
 * A network in memory: the broker's side of it is streams like sockets, the clients' side is their transport. Nothing takes time.
 * Connections break where the random numbers say so: before a request arrives, in the middle of it, or when it is answered.
 */
export class SimulatedNetwork {
  readonly #random: SeededRandom;
  readonly #servers = new Map<number, SimulatedServer>();
  readonly #links = new Set<Link>();
  cuts: Cuts = { chance: 0 };
  /** Connections that broke. */
  cutCount = 0;
  /** What arrives instead of a response (with its size in front). */
  garble: ((response: Buffer) => Buffer) | undefined;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The port for the broker. */
  readonly forBroker: Network = {
    createServer: (_options, accept) => new SimulatedServer(this.#servers, accept) as unknown as Server,
  };

  /** The port for clients. */
  readonly dial: Dial = (_host, port, events) => {
    const server = this.#servers.get(port);
    const responses = new Responses((response) => this.garble?.(response) ?? response);
    const link = new Link(events, responses, () => this.#links.delete(link));
    this.#links.add(link);
    if (server === undefined) link.end(new Error('connection refused'));
    else link.connect(server, () => this.#fate());
    return link;
  };

  /** The broker is gone at this moment: nothing that it does from now on is seen, and nobody listens. */
  down(): void {
    this.#servers.clear();
    for (const link of [...this.#links]) link.end(new Error('connection reset'));
  }

  #fate(): 'arrives' | 'lost' | 'torn' | 'unanswered' {
    if (this.#random.float() >= this.cuts.chance) return 'arrives';
    this.cutCount++;
    return (['lost', 'torn', 'unanswered'] as const)[this.#random.below(3)]!;
  }
}

class SimulatedServer extends EventEmitter {
  readonly #servers: Map<number, SimulatedServer>;
  readonly #accept: (socket: Socket) => void;
  #port = 0;

  constructor(servers: Map<number, SimulatedServer>, accept: (socket: Socket) => void) {
    super();
    this.#servers = servers;
    this.#accept = accept;
  }

  listen(port: number, _host: string, callback: () => void): void {
    this.#port = port;
    this.#servers.set(port, this);
    callback();
  }

  address() {
    return { port: this.#port };
  }

  close(callback: () => void): void {
    if (this.#servers.get(this.#port) === this) this.#servers.delete(this.#port);
    callback();
  }

  take(stream: Duplex): void {
    const socket = Object.assign(stream, { remoteAddress: '127.0.0.1', remotePort: 1, setNoDelay() {} }) as unknown as Socket;
    this.emit('connection', socket);
    this.#accept(socket);
  }
}

/** Puts responses together, so that each may be changed as a whole. */
class Responses {
  readonly #change: (response: Buffer) => Buffer;
  #received: Buffer = Buffer.alloc(0);

  constructor(change: (response: Buffer) => Buffer) {
    this.#change = change;
  }

  /** @returns what has become of those that are whole now. */
  push(chunk: Buffer): Buffer[] {
    this.#received = Buffer.concat([this.#received, chunk]);
    const whole: Buffer[] = [];
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0);
      whole.push(this.#change(this.#received.subarray(0, end)));
      this.#received = this.#received.subarray(end);
    }
    return whole;
  }
}

/** One connection, seen from the client. */
class Link implements Transport {
  readonly #events: TransportEvents;
  readonly #responses: Responses;
  readonly #onEnd: () => void;
  #stream: Duplex | undefined;
  #fate: () => 'arrives' | 'lost' | 'torn' | 'unanswered' = () => 'arrives';
  #isMute = false;
  #hasEnded = false;

  constructor(events: TransportEvents, responses: Responses, onEnd: () => void) {
    this.#events = events;
    this.#responses = responses;
    this.#onEnd = onEnd;
  }

  connect(server: SimulatedServer, fate: () => 'arrives' | 'lost' | 'torn' | 'unanswered'): void {
    this.#fate = fate;
    const [near, far] = duplexPair();
    this.#stream = near;
    near.on('data', (chunk: Buffer) => this.#receive(chunk));
    near.on('error', () => {});
    near.on('end', () => this.end(undefined));
    near.on('close', () => this.end(undefined));
    far.on('close', () => near.destroy());
    server.take(far);
    queueMicrotask(() => {
      if (!this.#hasEnded) this.#events.onOpen();
    });
  }

  write(parts: readonly Buffer[]): void {
    if (this.#hasEnded || this.#isMute) return;
    const fate = this.#fate();
    const frame = Buffer.concat(parts);
    if (fate === 'arrives') this.#stream!.write(frame);
    else if (fate === 'unanswered') {
      this.#isMute = true;
      this.#stream!.write(frame);
    } else {
      if (fate === 'torn') this.#stream!.write(frame.subarray(0, frame.length >> 1));
      this.end(new Error('connection reset'));
    }
  }

  close(): void {
    this.end(undefined);
  }

  /** @param cause why, if it was nobody's will. */
  end(cause: Error | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnd();
    this.#stream?.destroy();
    queueMicrotask(() => this.#events.onClose(cause));
  }

  #receive(chunk: Buffer): void {
    if (this.#isMute) this.end(new Error('connection reset'));
    else for (const response of this.#responses.push(chunk)) if (!this.#hasEnded) this.#events.onData(response);
  }
}
