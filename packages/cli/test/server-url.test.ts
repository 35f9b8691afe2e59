import { describe, expect, it } from 'vitest';
import { serverUrl } from '../src/server-url.ts';
import { UsageError } from '../src/usage-error.ts';

/** The hint that comes with the refusal of an address. */
function hintFor(given: string): string | undefined {
  try {
    serverUrl(given);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UsageError);
    expect((thrown as UsageError).message).toContain(JSON.stringify(given));
    return (thrown as UsageError).hint;
  }
  throw new Error(`${given} was taken`);
}

describe('serverUrl', () => {
  it.each(['http://127.0.0.1:3218', 'https://millrace.example', 'HTTP://localhost:3218/'])('takes %s', (given) => {
    expect(serverUrl(given)).toBe(given);
  });

  it.each(['localhost:3218', '127.0.0.1:3218', 'millrace.example'])('proposes http:// for %s', (given) => {
    expect(hintFor(given)).toBe(`did you mean http://${given}?`);
  });

  it.each(['', 'ftp://localhost:3218', 'http://', 'local host'])('refuses %j and shows an address', (given) => {
    expect(hintFor(given)).toBe('write it like http://127.0.0.1:3218');
  });
});
