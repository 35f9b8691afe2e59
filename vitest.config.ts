import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Packages are run from their sources: the `source` condition of their manifests. */
const conditions = ['source', 'node', 'import', 'default'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
/** Takes too long for the unit tests, and needs no broker of any kind. */
const viewSimulation = 'packages/runtime/test/view/simulation/*.test.ts';
/** Starts many threads, each with what plugins need: slow for unit tests. */
const pluginWorkers = 'packages/pipes/test/host/workers/*.test.ts';
/** What pipes do that no broker could change. */
const withoutKafka = 'test/pipes/{isolation,plugins,iotdb}.test.ts';
const inline = { deps: { inline: [/@millrace\//, /^millrace$/] } };
const execArgv = ['--conditions=source'];

/** What runs on either broker; what is about the embedded one is not run where `KAFKA_BROKERS` names another, what is about Apache Kafka only there. */
const onEitherBroker = ['sql', 'server', 'pipes', 'compat', 'conformance'];
const integration =
  process.env['KAFKA_BROKERS'] === undefined
    ? [...onEitherBroker, 'recovery', 'oracle', 'faults', 'security', 'simulation', 'fuzz']
    : [...onEitherBroker, 'kafka'];

export default defineConfig({
  test: {
    // Most integration tests wait for processes of theirs: two at a time keep two cores busy.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', './test/harness/summary-reporter.ts'],
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['{packages,plugins}/*/test/**/*.test.ts', 'sdk/test/**/*.test.ts', 'test/architecture/**/*.test.ts'],
          exclude: ['**/node_modules/**', viewSimulation, pluginWorkers],
          isolate: false,
          pool: 'threads',
          execArgv,
          server: inline,
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          // Copies and views are of either broker, though what else recovers is the embedded one.
          include: [
            ...integration.map((folder) => `test/${folder}/**/*.test.ts`),
            'test/recovery/{exactly-once-copy,views,view-faults,edge-to-cloud,cluster,rescale,pipes}.test.ts',
            ...(process.env['KAFKA_BROKERS'] === undefined ? [viewSimulation, pluginWorkers] : []),
          ],
          exclude: ['**/node_modules/**', ...(process.env['KAFKA_BROKERS'] === undefined ? [] : [withoutKafka])],
          pool: 'forks',
          execArgv,
          server: inline,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'product',
          include: ['samples', 'docs', 'docker', 'pack', 'cli'].map((folder) => `test/${folder}/**/*.test.ts`),
          pool: 'forks',
          execArgv,
          server: inline,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          exclude: process.env['KAFKA_BROKERS'] === undefined ? [] : ['test/clients/secured/**'],
          pool: 'forks',
          execArgv,
          server: inline,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
      {
        ...shared,
        test: {
          // On a real Apache IoTDB, which it starts: see test/iotdb/run.ts.
          name: 'iotdb',
          include: ['test/iotdb/**/*.test.ts'],
          pool: 'forks',
          execArgv,
          server: inline,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'long',
          include: [
            'packages/broker/test/simulation/*.test.ts',
            viewSimulation,
            'test/simulation/simulation.test.ts',
            'test/recovery/**/*.test.ts',
          ],
          pool: 'forks',
          execArgv,
          server: inline,
          testTimeout: 3_600_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
