import type { IncomingMessage } from 'node:http';
import { MillraceError } from '@millrace/core';
import { readBody } from '../http/read-body.ts';

/** The body of a REST request: an object of JSON. @throws {MillraceError} DATA_UNDECODABLE, REQUEST_TOO_LARGE */
export async function readJsonObject(request: IncomingMessage, limitBytes: number): Promise<Record<string, unknown>> {
  const body = await readBody(request, limitBytes);
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new MillraceError('DATA_UNDECODABLE', `the body is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MillraceError('DATA_UNDECODABLE', 'the body is no JSON object');
  }
  return value as Record<string, unknown>;
}

/** A field that must be a text. @throws {MillraceError} PLAN_ARGUMENT_INVALID */
export function textField(object: Record<string, unknown>, name: string): string {
  const value = object[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new MillraceError('PLAN_ARGUMENT_INVALID', `the field ${JSON.stringify(name)} must be a text`, { details: { field: name } });
}
