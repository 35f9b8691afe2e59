import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { CaseRunner } from './case-runner.ts';

const folder = join(import.meta.dirname, 'cases');

let server: TestServer;
beforeEach(async () => {
  server = await openTestServer();
});
afterEach(() => server.close());

for (const group of readdirSync(folder).sort()) {
  describe(group, () => {
    for (const file of readdirSync(join(folder, group)).sort()) {
      const text = readFileSync(join(folder, group, file), 'utf8');
      const rule = text.match(/^# (.*)$/m)?.[1] ?? '';
      it(`${file}: ${rule}`, () => new CaseRunner(server).play(text));
    }
  });
}
