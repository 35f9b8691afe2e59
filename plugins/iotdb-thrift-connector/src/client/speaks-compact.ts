import { createConnection } from 'node:net';
import type { Endpoint } from '../rpc/structs.ts';
import { FrameSplitter } from '../thrift/frame-splitter.ts';
import { compactVersion } from '../thrift/message.ts';

/** The call `getProperties`, which needs no login: version 1 of the compact protocol, type call, number 0, no arguments. */
const compactCall = Buffer.concat([
  Buffer.from([0, 0, 0, 18, compactVersion, 0x21, 0, 13]),
  Buffer.from('getProperties'),
  Buffer.from([0]),
]);

/** Whether a server answers calls of TCompactProtocol: one that does closes the connection on those of the binary protocol without a word. */
export function speaksCompact({ ip, port }: Endpoint, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const splitter = new FrameSplitter();
    const socket = createConnection({ host: ip, port });
    const decide = (isCompact: boolean) => {
      socket.destroy();
      resolve(isCompact);
    };
    socket.setTimeout(timeoutMs, () => decide(false));
    socket.on('error', () => decide(false));
    socket.on('close', () => decide(false));
    socket.on('data', (data) => {
      try {
        const [frame] = splitter.push(data);
        if (frame !== undefined) decide(frame[0] === compactVersion);
      } catch {
        decide(false);
      }
    });
    socket.write(compactCall);
  });
}
