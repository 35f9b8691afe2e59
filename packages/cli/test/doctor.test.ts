import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Configuration } from '@millrace/server';
import { afterAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../src/api/client.ts';
import { checkMachine } from '../src/doctor/machine-checks.ts';
import { checkServer } from '../src/doctor/server-checks.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

const configured = (data_dir: string) => async () => ({ file: null, values: { data_dir } }) as unknown as Configuration;

describe('the check of the machine', () => {
  it('says where data will be, and how much room there is', async () => {
    const findings = await checkMachine(configured(join(folder, 'not', 'yet')));
    expect(findings.map(({ check }) => check)).toEqual(['node', 'configuration', 'data directory']);
    expect(findings[2]!.detail).toMatch(/not\/yet, [\d.]+ GiB free, will be made$/);
    expect((await checkMachine(configured(folder)))[2]!.detail).toMatch(/GiB free$/);
  });

  it('says what is wrong with the configuration, and checks no more', async () => {
    const refuse = () => Promise.reject(Object.assign(new Error('unknown key "htp.port"'), { hint: 'did you mean "http.port"?' }));
    expect((await checkMachine(refuse))[1]).toEqual({
      check: 'configuration',
      state: 'failed',
      detail: 'unknown key "htp.port"',
      hint: 'did you mean "http.port"?',
    });
  });
});

describe('the check of a server', () => {
  /** Answers with lines of JSON by the statement. */
  async function against(answers: Readonly<Record<string, string>>) {
    const server = createServer(async (request, response) => {
      const statement = request.method === 'GET' ? `GET ${request.url}` : await text(request);
      response.end(Object.entries(answers).find(([start]) => statement.startsWith(start))?.[1] ?? '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const findings = await checkServer(new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    await new Promise((resolve) => server.close(resolve));
    return findings;
  }

  it('names what has an error', async () => {
    const findings = await against({
      'GET /proton/info': '{"name":"Millrace","version":"0.1.0","timezone":"UTC"}',
      'SHOW MATERIALIZED VIEWS': '{"name":"v","error":""}\n',
      'SHOW PIPES': '{"ID":"a","ExceptionMessage":"None"}\n{"ID":"b","ExceptionMessage":"target is away"}\n',
      'SHOW PIPEPLUGINS': '{"PluginName":"x","ExceptionMessage":"has no manifest"}\n',
    });
    expect(findings.map(({ check, state, detail }) => [check, state, detail])).toEqual([
      ['server', 'ok', expect.stringContaining('version 0.1.0')],
      ['materialized views', 'ok', '1, none with an error'],
      ['pipes', 'warning', '1 of 2 with an error: b: target is away'],
      ['plugins', 'warning', '1 of 1 with an error: x: has no manifest'],
    ]);
  });

  it('tells another server from one of Millrace', async () => {
    for (const said of ['', 'null', '{It works!', '{"name":"another","version":"2"}']) {
      expect(await against({ 'GET ': said })).toEqual([
        expect.objectContaining({ check: 'server', state: 'failed', detail: expect.stringContaining('is no server of Millrace') }),
      ]);
    }
  });

  it('that does not answer says how to start one', async () => {
    const [only, ...others] = await checkServer(new ApiClient('http://127.0.0.1:1'));
    expect(only).toMatchObject({ check: 'server', state: 'failed', hint: expect.stringContaining('millrace server') });
    expect(others).toEqual([]);
  });
});
