import { type ChildProcess, spawn } from 'node:child_process';
import { screenOf } from './screen.ts';

/** Runs a command in a pseudo-terminal of 100 × 40, whose keyboard and screen are stdin and stdout. */
const pseudoTerminal = `
import fcntl, os, pty, select, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
sources = [0, terminal]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed: os.write(terminal, typed)
        else: sources.remove(0)
    if terminal in ready:
        try: shown = os.read(terminal, 65536)
        except OSError: break
        if not shown: break
        os.write(1, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

export const keys = { tab: '\t', enter: '\r', up: '\u001b[A', ctrlC: '\u0003', ctrlD: '\u0004' } as const;

/** A person at a terminal: types, and reads the screen. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly exitCode: Promise<number | null>;
  #output = '';
  #watchers: (() => void)[] = [];
  #isOver = false;

  constructor(command: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    const env = { ...process.env, TERM: 'xterm-256color', NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined, ...options.env };
    this.#child = spawn('python3', ['-c', pseudoTerminal, ...command], { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#wake();
    });
    this.exitCode = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#isOver = true;
        this.#wake();
        resolve(code);
      });
    });
  }

  /** What was written to the terminal, with its control sequences. */
  get output(): string {
    return this.#output;
  }

  get screen(): string {
    return screenOf(this.#output);
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** Resolves when the screen is as `isReached` wants it. @throws with the screen, if that does not come */
  async waitUntil(what: string, isReached: (screen: string) => boolean, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isReached(this.screen)) {
      const leftMs = deadline - performance.now();
      if (this.#isOver || leftMs <= 0) throw new Error(`${what} did not come:\n${this.screen}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Resolves when the last line of the screen ends so. */
  waitForLast(end: string): Promise<void> {
    return this.waitUntil(JSON.stringify(end), (screen) => `${screen.split('\n').at(-1)!} `.endsWith(end));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
