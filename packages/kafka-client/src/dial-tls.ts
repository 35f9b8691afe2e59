import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { MillraceError } from '@millrace/core';
import type { SslOptions } from './ports.ts';
import type { Dial } from './transport.ts';

/** Dials with TLS; the broker's certificate is checked against the host, as the options say. */
export function dialTls(options: SslOptions): Dial {
  const shared = tlsOptionsOf(options);
  return (host, port, events) => {
    // Servers are told the name that is asked for; an address is none (RFC 6066).
    const servername = options.servername ?? (isIP(host) === 0 ? host : undefined);
    const socket = connect({ ...shared, host, port, ...(servername !== undefined && { servername }) });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    let isOpen = false;
    let cause: Error | undefined;
    socket.on('secureConnect', () => {
      isOpen = true;
      events.onOpen();
    });
    socket.on('data', (chunk: Buffer) => events.onData(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isOfTls(error)) cause = tlsFailed(host, port, error);
      else cause = isOpen || error.code !== 'ECONNRESET' ? error : brokenOff(host, port, error);
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

/** The same in Node's words. */
export function tlsOptionsOf({ verify = 'full', ...options }: SslOptions): ConnectionOptions {
  return {
    ...options,
    minVersion: 'TLSv1.2',
    // A broker's own certificate is trusted where it is named, as in a trust store of Java.
    ...(options.ca !== undefined && { allowPartialTrustChain: true }),
    ...(verify !== 'full' && { checkServerIdentity: () => undefined }),
    rejectUnauthorized: verify !== 'none',
  };
}

/** True for what trying again does not mend: certificates, versions, ciphers, a listener without TLS. */
function isOfTls({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO$)/.test(
    code,
  );
}

function tlsFailed(host: string, port: number, cause: NodeJS.ErrnoException): MillraceError {
  return new MillraceError('KAFKA_TLS_FAILED', `no TLS connection to ${host}:${port}: ${cause.message}`, {
    cause,
    details: { host, port, reason: cause.code },
    hint: hintFor(cause.code),
  });
}

function hintFor(code = ''): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'the certificate is for another host: name that host in kafka.brokers, and where the broker tells its clients to come (broker.advertised_host), or in kafka.ssl.server_name';
  }
  if (/^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_UNTRUSTED)/.test(code)) {
    return "name the authority that signed the broker's certificate, or that certificate itself, in kafka.ssl.ca";
  }
  return 'see that the listener speaks TLS, that its certificate holds, and that it takes the one of the client (kafka.ssl.cert), if it asks for one';
}

/** May be a broker that is going down, or a listener that does not know what a handshake is. */
function brokenOff(host: string, port: number, cause: Error): MillraceError {
  return new MillraceError('KAFKA_BROKER_UNAVAILABLE', `${host}:${port} is not available: it broke off the TLS handshake`, {
    cause,
    hint: 'if the listener speaks no TLS, say kafka.ssl.enabled: false',
  });
}
