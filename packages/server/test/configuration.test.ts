import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration, showConfiguration } from '@millrace/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-configuration-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (input: Parameters<typeof loadConfiguration>[0] = {}) => loadConfiguration({ workingDirectory: folder, ...input });
const write = (text: string) => writeFileSync(join(folder, 'millrace.yaml'), text);

describe('loadConfiguration', () => {
  it('takes flag before environment before file before default, and says which', () => {
    write('http:\n  port: 1\nlog:\n  level: warn\n  format: json\n');
    const { values, origins } = load({
      flags: { 'http.port': '3' },
      environment: { MILLRACE_HTTP_PORT: '2', MILLRACE_LOG_LEVEL: 'debug' },
    });
    expect([values['http.port'], origins['http.port']]).toEqual([3, 'flag']);
    expect([values['log.level'], origins['log.level']]).toEqual(['debug', 'MILLRACE_LOG_LEVEL']);
    expect([values['log.format'], origins['log.format']]).toEqual(['json', 'millrace.yaml:5']);
    expect([values['broker.port'], origins['broker.port']]).toEqual([9092, 'default']);
  });

  it('reads lists, durations and sizes', () => {
    write('kafka: { brokers: ["a:1", "b:2"] }\nmax_client_stall: 90s\nmemory: { budget: 64MiB }\n');
    const { values } = load();
    expect(values['kafka.brokers']).toEqual(['a:1', 'b:2']);
    expect([values.max_client_stall, values['memory.budget']]).toEqual([90_000, 64 * 2 ** 20]);
    expect(load({ environment: { MILLRACE_KAFKA_BROKERS: 'x:1, y:2' } }).values['kafka.brokers']).toEqual(['x:1', 'y:2']);
  });

  it('lists all problems at once, each with where it stands', () => {
    write('htttp:\n  port: 1\nhttp:\n  port: many\nlisten: 0.0.0.0\n');
    const failing = () => load({ environment: { MILLRACE_LOG_LEVL: 'info', MILLRACE_BROKER_PORT: '99999' } });
    expect(failing).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(failing).toThrow(/millrace\.yaml:2: unknown key htttp\.port, did you mean http\.port\?/);
    expect(failing).toThrow(/millrace\.yaml:4: http\.port takes an integer from 0 to 65535, not "many"/);
    expect(failing).toThrow(/environment: unknown variable MILLRACE_LOG_LEVL, did you mean log\.level\?/);
    expect(failing).toThrow(/MILLRACE_BROKER_PORT: broker\.port takes an integer from 0 to 65535, not "99999"/);
  });

  it('refuses to listen beyond loopback without saying insecure', () => {
    expect(() => load({ flags: { listen: '0.0.0.0' } })).toThrow(/listen: 0\.0\.0\.0 is reachable from other machines/);
    expect(load({ flags: { listen: '0.0.0.0', insecure: true } }).values.listen).toBe('0.0.0.0');
  });

  it('names line and reason of broken YAML', () => {
    write('http:\n  port: [1\n');
    expect(load).toThrow(/millrace\.yaml:\d+: /);
  });

  it('fails when the named file does not exist', () => {
    expect(() => load({ file: 'none.yaml' })).toThrow(/there is no file .*none\.yaml/);
  });

  it('finds the file in the data directory', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'millrace.yaml'), 'timezone: Europe/London\n');
    expect(load({ flags: { data_dir: 'data' } }).values.timezone).toBe('Europe/London');
  });
});

it('shows every key with its origin', () => {
  const shown = showConfiguration(load({ flags: { 'http.port': 0 } }));
  expect(shown.find(({ key }) => key === 'http.port')).toMatchObject({ value: 0, origin: 'flag' });
  expect(shown.every(({ help }) => help.length > 0)).toBe(true);
});
