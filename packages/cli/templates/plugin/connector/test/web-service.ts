import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ConformanceTarget } from '@millrace/sdk/testing';

/** A service that keeps the numbers of the rows it gets, and refuses rows without one. */
export async function webService(): Promise<ConformanceTarget> {
  const numbers: number[] = [];
  let held = Promise.resolve();
  let release = () => {};
  const server = createServer(async (request, response) => {
    const body = await text(request);
    await held;
    const rows = body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { n: number | null }]));
    const isGood = rows.every(({ n }) => n !== null);
    if (isGood) numbers.push(...rows.map(({ n }) => Number(n)));
    response.writeHead(isGood ? 204 : 400).end();
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    attributes: { url: `http://127.0.0.1:${port}/in` },
    badRow: { n: null, text: 'no number' },
    received: async () => numbers,
    goDown: close,
    comeBack: () => listen(port),
    hold: () => {
      held = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    close: async () => {
      release();
      if (server.listening) await close();
    },
  };
}
