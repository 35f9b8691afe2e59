import { MillraceError } from '@millrace/core';

/** Which names a request may carry. */
export interface HostGuardOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/**
 * Refuses requests that a web page could have made a browser send: SQL on localhost is not for every page that is open.
 * `Host` has to be a loopback or configured name (a rebound DNS name is neither), and `Origin`, where there is one,
 * the same host or a configured origin. Called before anything of the request is parsed.
 * @throws {MillraceError} REQUEST_FORBIDDEN
 */
export function checkHost(
  headers: { readonly host?: string | undefined; readonly origin?: string | undefined },
  options: HostGuardOptions,
): void {
  const host = headers.host ?? '';
  const name = hostName(host);
  if (!loopbackNames.has(name) && !/^127\.\d+\.\d+\.\d+$/.test(name) && !options.allowedHosts.includes(name)) {
    throw new MillraceError('REQUEST_FORBIDDEN', `host ${JSON.stringify(host)} is not allowed`, {
      hint: 'add the name to http.allowed_hosts',
    });
  }
  const { origin } = headers;
  if (origin === undefined || options.allowedOrigins.includes(origin)) return;
  if (origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new MillraceError('REQUEST_FORBIDDEN', `origin ${JSON.stringify(origin)} is not allowed`, {
      hint: 'add it to http.allowed_origins if that page may run SQL here',
    });
  }
}

function hostName(host: string): string {
  const bracketed = host.match(/^(\[[^\]]+\])(?::\d+)?$/);
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}
