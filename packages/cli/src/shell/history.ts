import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** So many statements are kept. */
const capacity = 1_000;

/** Where the history lies: in `$XDG_STATE_HOME`, by default `~/.local/state`. */
export function historyPath(environment: NodeJS.ProcessEnv): string {
  const state = environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local/state');
  return join(state, 'millrace/history');
}

/** The statements that were typed, kept in a file that only its owner can read. A file that cannot be used costs the history, nothing else. */
export class History {
  readonly #path: string;
  /** Newest first. */
  readonly #entries: string[];

  constructor(path: string) {
    this.#path = path;
    this.#entries = readEntries(path);
    if (this.#entries.length > capacity) {
      this.#entries.length = capacity;
      attempt(() => writeFileSync(path, `${this.#entries.toReversed().join('\n')}\n`, { mode: 0o600 }));
    }
  }

  /** Newest first. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  /** @param entry one line */
  add(entry: string): void {
    if (entry === '' || entry === this.#entries[0]) return;
    this.#entries.unshift(entry);
    attempt(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${entry}\n`, { mode: 0o600 });
    });
  }
}

function readEntries(path: string): string[] {
  let text = '';
  attempt(() => {
    text = readFileSync(path, 'utf8');
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .reverse();
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The history is a convenience: a home directory that cannot be written must not stand in the way of a query.
  }
}
