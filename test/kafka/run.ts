/**
 * Runs the integration tests against Apache Kafka: the cluster that `KAFKA_BROKERS` names, or one node that is started here.
 * Without Java and Maven there is nothing to start: then it says so and succeeds, unless `MILLRACE_REQUIRE_KAFKA` is set.
 * Arguments are passed on to vitest: `npm run test:kafka -- test/sql`.
 */
import { spawnSync } from 'node:child_process';
import { type ApacheKafka, apacheKafkaVersion, startApacheKafka, whatApacheKafkaLacks } from './apache-kafka.ts';

function runTests(kafka: Pick<ApacheKafka, 'brokers' | 'classPath'> & Partial<ApacheKafka>): number {
  const { brokers, classPath, secureBrokers, detour } = kafka;
  const env = {
    ...process.env,
    KAFKA_BROKERS: brokers,
    KAFKA_CLASS_PATH: classPath,
    ...(secureBrokers && { KAFKA_SECURE_BROKERS: secureBrokers }),
    ...(detour && { KAFKA_DETOUR: detour }),
  };
  // One file at a time: a single starved node would only make time-outs out of parallel tests.
  const vitest = ['vitest', 'run', '--project', 'integration', '--no-file-parallelism', ...process.argv.slice(2)];
  return spawnSync('npx', vitest, { stdio: 'inherit', env }).status ?? 1;
}

const given = process.env['KAFKA_BROKERS'];
const lacking = given === undefined ? whatApacheKafkaLacks() : null;
if (given !== undefined) {
  process.exitCode = runTests({ brokers: given, classPath: '' });
} else if (lacking !== null) {
  console.log(`skipped: Apache Kafka cannot be started here (${lacking})`);
  process.exitCode = process.env['MILLRACE_REQUIRE_KAFKA'] === undefined ? 0 : 1;
} else {
  const kafka = await startApacheKafka();
  console.log(`Apache Kafka ${apacheKafkaVersion} at ${kafka.brokers}`);
  try {
    process.exitCode = runTests(kafka);
  } finally {
    await kafka.stop();
  }
}
