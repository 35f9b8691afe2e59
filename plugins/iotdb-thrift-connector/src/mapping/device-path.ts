import { isUtf8 } from 'node:buffer';
import { keyNodes, quoteNode } from '../rpc/path.ts';

/**
 * The device that rows with a key go to: `root.<stream>[.<nodes of the key>]`. A key that is no text is the node `0x…`, its bytes in
 * hexadecimal; rows without a key go to `root.<stream>` itself.
 */
export function devicePath(stream: string, key: Uint8Array | null): string {
  const nodes =
    key === null ? [] : isUtf8(key) ? keyNodes(Buffer.from(key).toString('utf8')) : [quoteNode(`0x${Buffer.from(key).toString('hex')}`)];
  return ['root', quoteNode(stream), ...nodes].join('.');
}
