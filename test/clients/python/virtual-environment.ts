import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DriverCommand } from '../driver-process.ts';
import { run, whatCannotBeFetched } from '../runtimes.ts';

const here = dirname(fileURLToPath(import.meta.url));
const requirements = join(here, 'requirements.txt');

/** What is missing to run the clients in Python, as a sentence; null if nothing is. */
export function whatPythonLacks(): string | null {
  if (spawnSync('python3', ['--version']).status !== 0) return 'Python is not installed';
  if (spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0) return 'venv and pip of Python are not installed';
  return whatCannotBeFetched('the clients for Python', preparePython);
}

/** Installs the pinned clients once, into a virtual environment in the user's cache directory. @returns its interpreter. */
function preparePython(): string {
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'clients', 'python');
  const python = join(directory, 'bin', 'python3');
  const installed = join(directory, 'installed.txt');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(requirements, 'utf8')) return python;
  mkdirSync(directory, { recursive: true });
  run('python3', ['-m', 'venv', '--clear', directory]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '-r', requirements]);
  writeFileSync(installed, readFileSync(requirements));
  return python;
}

export function pythonDriver(program: string): DriverCommand {
  return { command: preparePython(), args: ['-B', join(here, program)] };
}
