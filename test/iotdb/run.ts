/**
 * Runs the tests that write into a real Apache IoTDB, which they start. Without Java and Maven there is nothing to start: then it says so
 * and succeeds, unless `MILLRACE_REQUIRE_IOTDB` is set. Arguments are passed on to vitest.
 */
import { spawnSync } from 'node:child_process';
import { whatApacheIotdbLacks } from './apache-iotdb.ts';

const lacking = whatApacheIotdbLacks();
if (lacking !== null) {
  console.log(`skipped: Apache IoTDB cannot be started here (${lacking})`);
  process.exitCode = process.env['MILLRACE_REQUIRE_IOTDB'] === undefined ? 0 : 1;
} else {
  process.exitCode = spawnSync('npx', ['vitest', 'run', '--project', 'iotdb', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
}
