import { describe, expect, it } from 'vitest';
import { readParameters } from '../src/http/request-parameters.ts';

const read = (search: string, headers = {}) => readParameters(new URLSearchParams(search), headers);

describe('readParameters', () => {
  it('tells query, placeholders and settings apart', () => {
    expect(read('query=SELECT+1&param_a=1&param_b=%5CN&seek_to=earliest&database=default&query_id=q1&default_format=CSV')).toEqual({
      query: 'SELECT 1',
      queryId: 'q1',
      format: 'CSV',
      placeholders: new Map([
        ['a', '1'],
        ['b', '\\N'],
      ]),
      settings: { seek_to: 'earliest' },
      user: 'default',
    });
  });

  it('takes the headers of both families', () => {
    expect(read('', { 'x-clickhouse-format': 'JSON', 'x-timeplus-query-id': 'q2' })).toMatchObject({ format: 'JSON', queryId: 'q2' });
  });

  it.each(['a\r\nX-Evil: 1', 'düsseldorf', 'x'.repeat(201)])('refuses the query id %j, which no header can carry', (id) => {
    expect(() => read(`query_id=${encodeURIComponent(id)}`)).toThrow('is not 1 to 200 printable ASCII characters');
  });

  it('lets default in, with whatever password, and nobody else', () => {
    const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}` });
    expect(read('', basic('default')).user).toBe('default');
    expect(read('', basic('')).user).toBe('default');
    expect(() => read('', basic('root'))).toThrow(expect.objectContaining({ code: 'REQUEST_FORBIDDEN' }));
    expect(() => read('user=root')).toThrow('there is no user "root"');
  });
});
