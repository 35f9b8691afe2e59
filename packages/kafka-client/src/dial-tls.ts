import { isIP } from 'node:net';
import { connect, type ConnectionOptions as TlsOptions } from 'node:tls';
import { MillraceError } from '@millrace/core';
import type { Dial } from './transport.ts';

/** Dials with TLS; the broker's certificate is checked against the host, as the options say. */
export function dialTls(options: TlsOptions): Dial {
  return (host, port, events) => {
    // Servers are told the name that is asked for; an address is none (RFC 6066).
    const servername = options.servername ?? (isIP(host) === 0 ? host : undefined);
    const socket = connect({ ...options, host, port, ...(servername !== undefined && { servername }) });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    let cause: Error | undefined;
    socket.on('secureConnect', () => events.onOpen());
    socket.on('data', (chunk: Buffer) => events.onData(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      cause = isOfTls(error) ? tlsFailed(host, port, error) : error;
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
}

/** True for what trying again does not mend: certificates, versions, ciphers, a listener without TLS. */
function isOfTls({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/.test(code);
}

function tlsFailed(host: string, port: number, cause: NodeJS.ErrnoException): MillraceError {
  return new MillraceError('KAFKA_TLS_FAILED', `no TLS connection to ${host}:${port}: ${cause.message}`, {
    cause,
    details: { host, port, reason: cause.code },
    hint: 'see that the listener speaks TLS and that its certificate is signed by a trusted authority for this host',
  });
}
