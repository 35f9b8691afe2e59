import { describe, expect, it } from 'vitest';
import { commands } from '../src/commands.ts';
import { unknownCommand } from '../src/usage-error.ts';

describe('unknownCommand', () => {
  const ids = Object.keys(commands);

  it.each([
    ['sqll', 'did you mean `millrace sql`?'],
    ['stream:lst', 'did you mean `millrace stream list`?'],
    ['steam', 'did you mean `millrace stream`?'],
    ['stream:list:extra', '`millrace stream list` takes none'],
    ['xyzzy', '`millrace --help` lists the commands'],
  ])('%s', (given, hint) => {
    expect(unknownCommand(given, ids)).toMatchObject({ hint });
  });
});

describe('every command', () => {
  it.each(Object.entries(commands))('%s has a summary and two examples', (_, command) => {
    expect(command.summary).toMatch(/\.$/);
    expect(command.examples.length).toBeGreaterThanOrEqual(2);
    for (const example of command.examples) expect(example).toContain('<%= config.bin %> ');
  });
});
