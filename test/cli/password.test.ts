import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasCommand } from '../harness/process.ts';
import { millrace, type ServerProcess, startServer } from './millrace-process.ts';
import { keys, Terminal } from './terminal.ts';

let server: ServerProcess | undefined;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

let terminal: Terminal | undefined;
afterEach(() => terminal?.kill());

function open(name: string): Terminal {
  const command = [...millrace, 'broker', 'user', 'add', name, '--brokers', server!.brokers];
  terminal = new Terminal(command, { cwd: tmpdir(), env: { MILLRACE_KAFKA_BROKERS: undefined } });
  return terminal;
}

describe.skipIf(!hasCommand('python3'))('a password that is typed', () => {
  it('is not shown, may be corrected, and is taken', async () => {
    const terminal = open('typed');
    await terminal.waitUntil('the prompt', (screen) => screen.includes('password of typed:'));
    terminal.type(`open sesamx\u007fe${keys.enter}`);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output).toContain('typed can authenticate by SCRAM-SHA-256 and SCRAM-SHA-512');
    expect(terminal.output).not.toMatch(/open|sesam/);
  });

  it('is given up by Ctrl-C', async () => {
    const terminal = open('nobody');
    await terminal.waitUntil('the prompt', (screen) => screen.includes('password of nobody:'));
    terminal.type(`half${keys.ctrlC}`);
    expect(await terminal.exitCode).toBe(130);
    expect(terminal.output).not.toContain('half');
  });
});
