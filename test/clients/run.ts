/**
 * Runs the tests of the foreign clients: against an embedded broker, and against one node of Apache Kafka, or only against the
 * cluster that `KAFKA_BROKERS` names. What is not installed is skipped with a line that says so, unless `MILLRACE_REQUIRE_CLIENTS` is set.
 * Arguments are passed on to vitest: `npm run test:clients -- test/clients/java`.
 */
import { spawnSync } from 'node:child_process';
import { apacheKafkaVersion, startApacheKafka, whatApacheKafkaLacks } from '../kafka/apache-kafka.ts';

function runTests(brokers: string | undefined): number {
  const env = brokers === undefined ? process.env : { ...process.env, KAFKA_BROKERS: brokers };
  // The clients wait more than they work, so there may be more of them than processors.
  const vitest = ['vitest', 'run', '--project', 'clients', '--maxWorkers', '4', '--passWithNoTests', ...process.argv.slice(2)];
  return spawnSync('npx', vitest, { stdio: 'inherit', env }).status ?? 1;
}

async function runOnApacheKafka(): Promise<number> {
  const lacking = whatApacheKafkaLacks();
  if (lacking !== null) {
    console.log(`skipped: Apache Kafka cannot be started here (${lacking})`);
    return process.env['MILLRACE_REQUIRE_CLIENTS'] === undefined ? 0 : 1;
  }
  const kafka = await startApacheKafka();
  console.log(`Apache Kafka ${apacheKafkaVersion} at ${kafka.brokers}`);
  try {
    return runTests(kafka.brokers);
  } finally {
    await kafka.stop();
  }
}

const given = process.env['KAFKA_BROKERS'];
if (given !== undefined) {
  process.exitCode = runTests(given);
} else {
  console.log('the embedded broker');
  const onOurs = runTests(undefined);
  process.exitCode = Math.max(onOurs, await runOnApacheKafka());
}
