import { UsageError } from './usage-error.ts';

/** The address of a server as `--url` or `MILLRACE_URL` gives it. @throws {UsageError} if it is none */
export function serverUrl(given: string): string {
  const isAddress = /^https?:\/\//i.test(given) && URL.canParse(given);
  if (isAddress) return given;
  const mended = `http://${given}`;
  const hint = !given.includes('://') && URL.canParse(mended) ? `did you mean ${mended}?` : 'write it like http://127.0.0.1:3218';
  throw new UsageError(`--url (MILLRACE_URL) takes an http:// or https:// address, not ${JSON.stringify(given)}`, hint);
}
