import { text } from 'node:stream/consumers';
import { Interrupted } from './report-error.ts';
import { UsageError } from './usage-error.ts';

/**
 * A password that nobody sees: typed on a terminal without an echo, else the first line of stdin. Never an argument, which every process
 * of the machine can read.
 * @throws {UsageError} if there is none; {@link Interrupted} at Ctrl-C.
 */
export async function readPassword(prompt: string): Promise<string> {
  const password = process.stdin.isTTY ? await typed(prompt, process.stdin) : (await text(process.stdin)).split(/\r?\n/, 1)[0]!;
  if (password === '') throw new UsageError('the password is empty', 'type one, or give it as the first line of stdin');
  return password;
}

function typed(prompt: string, terminal: NodeJS.ReadStream): Promise<string> {
  // What is typed as soon as the prompt stands there must find no echo.
  terminal.setRawMode(true);
  process.stderr.write(prompt);
  terminal.setEncoding('utf8');
  let password = '';
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      terminal.off('data', take);
      terminal.setRawMode(false);
      terminal.pause();
      process.stderr.write('\n');
      settle();
    };
    const take = (keys: string) => {
      for (const key of keys) {
        if (key === '\r' || key === '\n' || key === '\u0004') return end(() => resolve(password));
        if (key === '\u0003') return end(() => reject(new Interrupted()));
        password = key === '\u007f' || key === '\b' ? [...password].slice(0, -1).join('') : password + key;
      }
    };
    terminal.on('data', take);
    terminal.resume();
  });
}
