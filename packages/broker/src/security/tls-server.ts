import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls';
import { type Logger, MillraceError } from '@millrace/core';

/** TLS as a server: certificates and keys as PEM texts. */
export interface TlsServerOptions {
  /** The certificate, behind it those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of clients. */
  readonly ca?: string;
  /** Whether clients show a certificate of their own; `requested` checks it if there is one; default none. */
  readonly clientAuth?: 'none' | 'requested' | 'required';
}

/** Who does not shake hands by then is let go: a connection that is none yet holds a place. */
const handshakeTimeoutMs = 10_000;

/** @throws {MillraceError} CONFIG_INVALID if the certificate, the key or the authority cannot be used. */
export function tlsServer(options: TlsServerOptions, logger: Logger, onSocket: (socket: Socket) => void): Server {
  const { cert, key, ca, clientAuth = 'none' } = options;
  if (clientAuth !== 'none' && ca === undefined) {
    throw new MillraceError('CONFIG_INVALID', `client certificates are ${clientAuth}, and no authority is named that signs them`);
  }
  const secure = { cert, key, ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' } as const;
  let own: string;
  try {
    createSecureContext(secure);
    own = new X509Certificate(cert).fingerprint256;
  } catch (cause) {
    throw new MillraceError(
      'CONFIG_INVALID',
      `the broker's certificate or key cannot be used: ${(cause as OpenSslError).reason ?? (cause as Error).message}`,
      {
        cause,
        hint: 'broker.ssl.cert and broker.ssl.key are PEM files, and belong to each other',
      },
    );
  }
  const asked = { requestCert: clientAuth !== 'none', rejectUnauthorized: false };
  const server = createServer({ ...secure, ...asked, handshakeTimeout: handshakeTimeoutMs }, (socket) => {
    // From here on only: who ends a handshake half-way has gone, and would else hold its place until the time-out.
    socket.allowHalfOpen = true;
    const reason = refusalOf(socket, clientAuth, own);
    if (reason === undefined) {
      onSocket(socket);
    } else {
      logger.warn({ client: socket.remoteAddress, reason }, "refused a client's certificate");
      socket.destroy();
    }
  });
  server.on('tlsClientError', (error: OpenSslError, socket) => {
    const isOfNetwork = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    logger[isOfNetwork ? 'debug' : 'warn']({ client: socket.remoteAddress, error: reasonOf(error) }, 'no TLS connection with a client');
  });
  return server;
}

interface OpenSslError extends NodeJS.ErrnoException {
  readonly reason?: string;
}

/** Node's message holds a thread, an error number and a file of OpenSSL's around it. */
function reasonOf({ code, reason, message }: OpenSslError): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_HTTP_REQUEST') return 'the client speaks no TLS';
  return reason ?? message;
}

/** Why a client may not come in. Who holds the broker's own key is the server that it is a part of, and needs no authority. */
function refusalOf(socket: TLSSocket, clientAuth: NonNullable<TlsServerOptions['clientAuth']>, own: string): string | undefined {
  if (clientAuth === 'none' || socket.authorized) return undefined;
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return clientAuth === 'required' ? 'none was shown' : undefined;
  return shown.fingerprint256 === own ? undefined : String(socket.authorizationError);
}
