import type { IncomingHttpHeaders } from 'node:http';
import { MillraceError } from '@millrace/core';

/** What a request to the SQL interface says beside its statements. */
export interface RequestParameters {
  /** The text of the parameter `query`; the body is then data. Null: the body is the statements. */
  readonly query: string | null;
  readonly queryId: string | null;
  readonly format: string | null;
  /** Values of `{name:type}`, by name. */
  readonly placeholders: ReadonlyMap<string, string>;
  /** Everything else: settings by name. */
  readonly settings: Readonly<Record<string, string>>;
  readonly user: string;
}

/** Parameters that are no settings. */
const reserved: ReadonlySet<string> = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'user',
  'password',
  'role',
  'quota_key',
  'stacktrace',
]);

/** The header of ClickHouse's name, or of Timeplus's. */
function header(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[`x-clickhouse-${name}`] ?? headers[`x-timeplus-${name}`];
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Reads the parameters of a request's URL, and the headers that stand for some of them.
 * @throws {MillraceError} REQUEST_FORBIDDEN for credentials of anyone but `default`: there are no accounts; PLAN_ARGUMENT_INVALID for
 * an id that cannot stand in a header
 */
export function readParameters(search: URLSearchParams, headers: IncomingHttpHeaders): RequestParameters {
  const placeholders = new Map<string, string>();
  const settings: Record<string, string> = {};
  for (const [name, value] of search) {
    if (name.startsWith('param_')) placeholders.set(name.slice('param_'.length), value);
    else if (!reserved.has(name)) settings[name] = value;
  }
  return {
    query: search.get('query'),
    queryId: checkQueryId(search.get('query_id') ?? header(headers, 'query-id')),
    format: search.get('default_format') ?? header(headers, 'format'),
    placeholders,
    settings,
    user: checkUser(search.get('user') ?? header(headers, 'user') ?? basicUser(headers.authorization)),
  };
}

/** The id comes back in a header and is part of a group's name. Empty is none. */
function checkQueryId(id: string | null): string | null {
  if (id === null || id === '') return null;
  if (/^[\x20-\x7e]{1,200}$/.test(id)) return id;
  const given = JSON.stringify(id.length > 40 ? `${id.slice(0, 40)}…` : id);
  throw new MillraceError('PLAN_ARGUMENT_INVALID', `the query_id ${given} is not 1 to 200 printable ASCII characters`, {
    hint: 'leave it out to be given one',
  });
}

/** The user of `Authorization: Basic`, or null. */
function basicUser(authorization: string | undefined): string | null {
  const match = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '');
  if (match === null) return null;
  return Buffer.from(match[1]!, 'base64').toString().split(':')[0] || null;
}

function checkUser(user: string | null): string {
  if (user === null || user === 'default') return 'default';
  throw new MillraceError('REQUEST_FORBIDDEN', `there is no user ${JSON.stringify(user)}`, {
    hint: 'there are no accounts: connect as default, without a password',
  });
}
