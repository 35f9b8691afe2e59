/** Packages of the plugins that every server has. */
const packages = [
  '@millrace/stream-extractor',
  '@millrace/do-nothing-processor',
  '@millrace/do-nothing-connector',
  '@millrace/iotdb-thrift-connector',
  '@millrace/millrace-connector',
  '@millrace/kafka-connector',
  '@millrace/http-connector',
  '@millrace/file-connector',
  '@millrace/sqlite-connector',
  '@millrace/tap-connector',
  '@millrace/sql-processor',
  '@millrace/js-processor',
  '@millrace/changing-value-sampling-processor',
  '@millrace/tumbling-time-sampling-processor',
  '@millrace/throwing-exception-processor',
];

/** URLs of their modules. */
export function builtInPlugins(): string[] {
  return packages.map((name) => import.meta.resolve(name));
}
