import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import { openTestBroker } from '../harness/broker.ts';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { CaseRunner } from './case-runner.ts';

const folder = join(import.meta.dirname, 'cases');

let broker: Awaited<ReturnType<typeof openTestBroker>>;
beforeAll(async () => {
  broker = await openTestBroker();
});
afterAll(() => broker.close());

/** A catalog of its own for each case. */
let server: TestServer;
beforeEach(async () => {
  server = await openTestServer(broker.brokers);
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
