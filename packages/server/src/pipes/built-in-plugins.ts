/** URLs of the modules of the plugins that every server has. */
export function builtInPlugins(): string[] {
  return [
    import.meta.resolve('@millrace/stream-extractor'),
    import.meta.resolve('@millrace/do-nothing-processor'),
    import.meta.resolve('@millrace/do-nothing-connector'),
    import.meta.resolve('@millrace/iotdb-thrift-connector'),
    import.meta.resolve('@millrace/millrace-connector'),
    import.meta.resolve('@millrace/kafka-connector'),
    import.meta.resolve('@millrace/http-connector'),
    import.meta.resolve('@millrace/file-connector'),
    import.meta.resolve('@millrace/sqlite-connector'),
    import.meta.resolve('@millrace/tap-connector'),
    import.meta.resolve('@millrace/sql-processor'),
    import.meta.resolve('@millrace/js-processor'),
    import.meta.resolve('@millrace/changing-value-sampling-processor'),
    import.meta.resolve('@millrace/tumbling-time-sampling-processor'),
    import.meta.resolve('@millrace/throwing-exception-processor'),
  ];
}
