import { describe, expect, it } from 'vitest';
import { checkHost } from '../src/http/host-guard.ts';

const options = { allowedHosts: ['stream.example'], allowedOrigins: ['https://console.example'] };
const check = (host: string | undefined, origin?: string) => () => checkHost({ host, origin }, options);

describe('checkHost', () => {
  it.each([['127.0.0.1:3218'], ['localhost:3218'], ['LOCALHOST'], ['[::1]:3218'], ['127.8.9.1'], ['stream.example:80']])(
    'lets %s in',
    (host) => {
      expect(check(host)).not.toThrow();
    },
  );

  it.each([['evil.example'], ['127.0.0.1.evil.example'], [''], [undefined], ['localhost.evil.example:3218']])(
    'refuses the host %s',
    (host) => {
      expect(check(host)).toThrow(expect.objectContaining({ code: 'REQUEST_FORBIDDEN' }));
    },
  );

  it('lets the same origin and configured ones in, and refuses others', () => {
    expect(check('localhost:3218', 'http://localhost:3218')).not.toThrow();
    expect(check('localhost:3218', 'https://console.example')).not.toThrow();
    expect(check('localhost:3218', 'http://localhost:8080')).toThrow(/origin/);
    expect(check('localhost:3218', 'null')).toThrow(/origin/);
    expect(check('localhost:3218', 'https://evil.example')).toThrow(/origin/);
  });
});
