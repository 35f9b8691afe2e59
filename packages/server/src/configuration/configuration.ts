import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MillraceError, nearest } from '@millrace/core';
import { checkSecurity } from './check-security.ts';
import { type ConfigurationKey, type ConfigurationKeyName, type ConfigurationValues, configurationKeys } from './keys.ts';
import { parseValue } from './parse-value.ts';
import { type FileEntry, readConfigurationFile } from './read-file.ts';

/** Where the effective value of a key came from: `default`, `flag`, `MILLRACE_…`, or `file:line`. */
export type Origin = string;

export interface Configuration {
  readonly values: ConfigurationValues;
  readonly origins: Readonly<Record<ConfigurationKeyName, Origin>>;
  /** The file that was read, or null. */
  readonly file: string | null;
}

export interface ConfigurationInput {
  /** Values given as flags, by dotted key. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `--config`: must exist. */
  readonly file?: string | undefined;
  readonly workingDirectory?: string;
}

/**
 * Puts the configuration together: flag > environment > file > default.
 * The file is `--config`, `$MILLRACE_CONFIG`, `./millrace.yaml` or `<data_dir>/millrace.yaml`, whichever comes first.
 * @throws {MillraceError} CONFIG_INVALID that lists all problems at once, each with where it stands.
 */
export function loadConfiguration(input: ConfigurationInput = {}): Configuration {
  const environment = input.environment ?? {};
  const workingDirectory = input.workingDirectory ?? process.cwd();
  const problems: string[] = [];
  const given = new Map<string, { value: unknown; origin: Origin }>();
  const file = findFile(input, environment, workingDirectory, problems);
  for (const entry of file === null ? [] : readConfigurationFile(file, problems)) takeFileEntry(entry, given, problems);
  for (const [name, value] of Object.entries(environment)) takeVariable(name, value, given, problems);
  for (const [name, value] of Object.entries(input.flags ?? {})) if (value !== undefined) given.set(name, { value, origin: 'flag' });

  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, key] of Object.entries<ConfigurationKey>(configurationKeys)) {
    const taken = given.get(name);
    origins[name] = taken?.origin ?? 'default';
    const parsed = taken === undefined ? { value: key.default } : parseValue(key.type, taken.value);
    // What was given for a secret is not repeated.
    if ('problem' in parsed)
      problems.push(`${origins[name]}: ${name} ${key.secret ? 'takes a text, in quotes if it is a number' : parsed.problem}`);
    else values[name] = key.type.kind === 'path' && parsed.value !== '' ? resolve(workingDirectory, parsed.value as string) : parsed.value;
  }
  if (problems.length === 0) checkCombinations(values as unknown as ConfigurationValues, problems);
  if (problems.length > 0) throw invalid(problems);
  return { values: values as unknown as ConfigurationValues, origins: origins as Configuration['origins'], file };
}

function findFile(
  input: ConfigurationInput,
  environment: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
  problems: string[],
): string | null {
  const named = input.file ?? environment['MILLRACE_CONFIG'];
  if (named !== undefined) {
    const path = resolve(workingDirectory, named);
    if (existsSync(path)) return path;
    problems.push(`${input.file === undefined ? 'MILLRACE_CONFIG' : 'flag'}: there is no file ${path}`);
    return null;
  }
  const dataDirectory = input.flags?.['data_dir'] ?? environment['MILLRACE_DATA_DIR'] ?? configurationKeys.data_dir.default;
  const candidates = [join(workingDirectory, 'millrace.yaml'), join(resolve(workingDirectory, String(dataDirectory)), 'millrace.yaml')];
  return candidates.find((path) => existsSync(path)) ?? null;
}

function takeFileEntry(entry: FileEntry, given: Map<string, { value: unknown; origin: Origin }>, problems: string[]): void {
  if (entry.name in configurationKeys) given.set(entry.name, { value: entry.value, origin: entry.origin });
  else problems.push(`${entry.origin}: unknown key ${entry.name}${suggestion(entry.name)}`);
}

/** Variables that are not keys but belong to the command line. */
const otherVariables = new Set(['MILLRACE_CONFIG', 'MILLRACE_URL']);

function takeVariable(
  variable: string,
  value: string | undefined,
  given: Map<string, { value: unknown; origin: Origin }>,
  problems: string[],
): void {
  if (value === undefined || !variable.startsWith('MILLRACE_') || otherVariables.has(variable)) return;
  if (/^MILLRACE_(TEST|REQUIRE)_/.test(variable)) return;
  const name = Object.keys(configurationKeys).find((key) => variableOf(key) === variable);
  if (name === undefined)
    problems.push(`environment: unknown variable ${variable}${suggestion(variable.slice('MILLRACE_'.length).toLowerCase())}`);
  else given.set(name, { value, origin: variable });
}

/** `http.port` → `MILLRACE_HTTP_PORT`. */
export function variableOf(key: string): string {
  return `MILLRACE_${key.replaceAll('.', '_').toUpperCase()}`;
}

function suggestion(name: string): string {
  const near = nearest(name, Object.keys(configurationKeys));
  return near === undefined ? '' : `, did you mean ${near}?`;
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

function checkCombinations(values: ConfigurationValues, problems: string[]): void {
  if (!loopback.test(values.listen) && !values.insecure) {
    problems.push(
      `listen: ${values.listen} is reachable from other machines, and there are no accounts: use 127.0.0.1, or say insecure: true (--insecure) where the network is trusted`,
    );
  }
  for (const broker of values['kafka.brokers']) {
    if (!/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/.test(broker)) problems.push(`kafka.brokers: ${JSON.stringify(broker)} is not host:port`);
  }
  checkSecurity(values, problems);
  if (!isPattern(values.trusted_uri_pattern))
    problems.push(`trusted_uri_pattern: ${JSON.stringify(values.trusted_uri_pattern)} is not a regular expression`);
  if (!/^[A-Za-z0-9._-]{0,100}$/.test(values.cluster))
    problems.push(`cluster: ${JSON.stringify(values.cluster)} is not a name of up to 100 letters, digits, dots, dashes, underscores`);
  if (values.timezone !== '' && !isZone(values.timezone))
    problems.push(`timezone: ${JSON.stringify(values.timezone)} is not an IANA zone such as UTC or Europe/London`);
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function invalid(problems: readonly string[]): MillraceError {
  const message =
    problems.length === 1
      ? problems[0]!
      : `${problems.length} problems in the configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  return new MillraceError('CONFIG_INVALID', message, { details: { problems }, hint: '`millrace config show` lists every key' });
}
