import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { a, BadRecord, defineConnector, NotConnected, type RowsEvent, type TransferContext } from '@millrace/sdk';
import { type ConformanceTarget, faultyProxy } from '@millrace/sdk/testing';

/** A target that takes rows as lines, and answers each event with `ok`, or the index of the first row that it does not take. */
export async function lineTarget(): Promise<ConformanceTarget> {
  const rows: { n: number }[] = [];
  const server = createServer((socket) => {
    let pending: { n: number }[] = [];
    createInterface({ input: socket }).on('line', (line) => {
      if (line !== '') {
        pending.push(JSON.parse(line) as { n: number });
        return;
      }
      const bad = pending.findIndex(({ n }) => n < 0);
      if (bad === -1) rows.push(...pending);
      socket.write(bad === -1 ? 'ok\n' : `${bad}\n`);
      pending = [];
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await faultyProxy({ port: (server.address() as AddressInfo).port });
  return {
    attributes: { port: String(proxy.port) },
    badRow: { n: -1, text: 'below zero' },
    received: () => Promise.resolve(rows.map(({ n }) => n)),
    goDown: () => proxy.goDown(),
    comeBack: () => proxy.comeBack(),
    hold: () => proxy.hold(),
    release: () => proxy.release(),
    close: async () => {
      await proxy.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection to a {@link lineTarget}. */
class LineClient {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.socket = socket;
    const lines = createInterface({ input: socket });
    this.#lines = lines[Symbol.asyncIterator]();
    socket.on('close', () => lines.close());
    socket.on('error', () => socket.destroy());
  }

  static open(port: number): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new LineClient(socket)));
      socket.once('error', (cause) => reject(new NotConnected('nobody there', { cause })));
    });
  }

  send(event: RowsEvent): void {
    const lines = Array.from({ length: event.rowCount }, (_, row) => `${event.json(row)}\n`);
    this.socket.write(`${lines.join('')}\n`);
  }

  async answer(signal: AbortSignal): Promise<string> {
    const abort = () => this.socket.destroy();
    signal.addEventListener('abort', abort);
    const next = await this.#lines.next().catch(() => ({ done: true, value: undefined }));
    signal.removeEventListener('abort', abort);
    if (next.done) throw new NotConnected('the connection was lost');
    return String(next.value);
  }
}

const base = {
  name: 'line-connector',
  summary: 'Sends rows as lines.',
  attributes: a.object({ port: a.integer() }),
};

const hooks = {
  open: ({ attributes }: { attributes: { port: number } }) => LineClient.open(attributes.port),
  async transfer(client: LineClient, event: RowsEvent, { signal }: TransferContext) {
    client.send(event);
    const answer = await client.answer(signal);
    if (answer !== 'ok') throw new BadRecord(Number(answer), 'below zero');
  },
  close: (client: LineClient) => void client.socket.destroy(),
};

/** As it should be. */
export const lineConnector = defineConnector({ ...base, ...hooks });

/** Each event on a connection of its own. */
export const unorderedConnector = defineConnector({
  ...base,
  order: 'unordered',
  concurrency: () => 4,
  open: ({ attributes }) => attributes.port,
  async transfer(port, event: RowsEvent, context) {
    const client = await LineClient.open(port);
    await hooks.transfer(client, event, context).finally(() => hooks.close(client));
  },
});

let shared: Promise<LineClient> | undefined;

/** Each does one thing wrong, which the named case notices. */
export const wrongConnectors = {
  'has delivered an event when transfer resolves, its rows in their order': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event, context) =>
      event.rowCount < 2
        ? hooks.transfer(client, event, context)
        : hooks.transfer(client, { ...proxied(event), json: (row) => event.json(event.rowCount - 1 - row) }, context),
  }),
  'resolves transfer only when the target has answered': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event) => client.send(event),
  }),
  'throws NotConnected from open while the target is away': defineConnector({
    ...base,
    ...hooks,
    open: (context) => hooks.open(context).catch(() => Promise.reject(new Error('cannot'))),
  }),
  'throws NotConnected when the target has gone away, and goes on with a new handshake when it is back': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event, context) => hooks.transfer(client, event, context).catch(() => {}),
  }),
  'keeps two instances apart': defineConnector({ ...base, ...hooks, open: (context) => (shared ??= hooks.open(context)) }),
  'can be closed twice': defineConnector({
    ...base,
    ...hooks,
    close: (client) => {
      if (client.socket.destroyed) throw new Error('is closed');
      client.socket.destroy();
    },
  }),
  'lets the other rows through where one is bad': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event, context) =>
      hooks.transfer(client, event, context).catch((error: unknown) => (error instanceof BadRecord ? undefined : Promise.reject(error))),
  }),
  'ends transfer when its signal is aborted': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event, context) => hooks.transfer(client, event, { ...context, signal: new AbortController().signal }),
    close: () => {},
  }),
  'delivers everything at least once, wherever the server is killed': defineConnector({
    ...base,
    ...hooks,
    transfer: (client, event, context) => (event.origin(0).offset === 10 ? Promise.resolve() : hooks.transfer(client, event, context)),
  }),
};

/** An event that can be changed: its methods belong to its class. */
function proxied(event: RowsEvent): RowsEvent {
  return {
    kind: 'rows',
    stream: event.stream,
    columns: event.columns,
    rowCount: event.rowCount,
    rows: event.rows,
    isHistorical: event.isHistorical,
    row: (index) => event.row(index),
    column: (name) => event.column(name),
    key: (index) => event.key(index),
    time: (index) => event.time(index),
    origin: (index) => event.origin(index),
    json: (index) => event.json(index),
  };
}
