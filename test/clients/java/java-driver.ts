import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasCommand } from '../../harness/process.ts';
import { fetchJars } from '../../kafka/apache-kafka.ts';
import type { DriverCommand } from '../driver-process.ts';
import { run, whatCannotBeFetched } from '../runtimes.ts';

const source = join(dirname(fileURLToPath(import.meta.url)), 'KafkaDriver.java');

/** What is missing to run the clients in Java, as a sentence; null if nothing is. */
export function whatJavaLacks(version: string): string | null {
  const lacking = ['java', 'javac', 'mvn'].filter((command) => !hasCommand(command));
  if (lacking.length > 0) return `${lacking.join(' and ')} not installed`;
  return whatCannotBeFetched(`Apache Kafka ${version}`, () => fetchJars(version));
}

/** Small and quick to start, and silent: only the driver's answers are to be printed. */
const jvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dfile.encoding=UTF-8', '-Dlog4j2.level=OFF'];

/** Java with the jars of a version of Kafka, for what is in them. */
export function javaArguments(version: string): string[] {
  return [...jvm, '-cp', `${fetchJars(version)}/*`];
}

/** Compiles the driver against a version of Kafka's clients, beside its jars. */
export function javaDriver(version: string): DriverCommand {
  const libraries = fetchJars(version);
  const classes = join(libraries, '..', 'driver');
  const compiled = join(classes, 'KafkaDriver.class');
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(classes, { recursive: true });
    run('javac', ['-nowarn', '-encoding', 'UTF-8', '-cp', `${libraries}/*`, '-d', classes, source]);
  }
  return { command: 'java', args: [...jvm, '-cp', `${classes}:${libraries}/*`, 'KafkaDriver'] };
}
