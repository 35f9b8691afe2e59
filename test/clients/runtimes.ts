import { spawnSync } from 'node:child_process';
import { it } from 'vitest';

/**
 * Says that the tests of a file are skipped, and why, and counts them as a skipped one; with `MILLRACE_REQUIRE_CLIENTS` that is an error.
 * @param lacking what is not there, e.g. "Go is not installed"; null if all is.
 * @returns whether the tests are to run.
 */
export function isHere(lacking: string | null): boolean {
  if (lacking === null) return true;
  if (process.env['MILLRACE_REQUIRE_CLIENTS'] !== undefined) throw new Error(`${lacking}, and MILLRACE_REQUIRE_CLIENTS is set`);
  console.log(`skipped: ${lacking}`);
  it.skip(lacking, () => {});
  return false;
}

/** Runs a command to its end and gives what it printed. @throws Error with its output if it fails. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): string {
  const ended = spawnSync(command, args, { ...options, env: { ...process.env, ...options.env }, encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${ended.error ?? ''}${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

/** What cannot be fetched, as a sentence with the last line of the complaint; null if `fetch` succeeds. */
export function whatCannotBeFetched(what: string, fetch: () => unknown): string | null {
  try {
    fetch();
    return null;
  } catch (failure) {
    const lines = (failure as Error).message.trim().split('\n');
    return `${what} cannot be fetched: ${lines.at(-1)!.trim().slice(0, 200)}`;
  }
}
