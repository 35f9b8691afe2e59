import { afterAll, beforeAll, describe } from 'vitest';
import { ApacheIotdb } from './apache-iotdb.ts';
import { connectorCases } from './connector-cases.ts';
import { pipeCases } from './pipe-cases.ts';

let server: ApacheIotdb;
beforeAll(async () => {
  server = await ApacheIotdb.start();
}, 180_000);
afterAll(() => server?.stop());

describe('connectors', () => connectorCases(() => server));
describe('pipes', () => pipeCases(() => server));
