import { describe, expect, it } from 'vitest';
import { threadModule } from '../src/thread-module.ts';

describe('the module of a thread', () => {
  it('stands beside another, in source and as it is built', () => {
    const source = threadModule('worker', 'file:///a/src/engine/host.ts');
    expect([source.url.href, source.execArgv]).toEqual(['file:///a/src/engine/worker.ts', ['--conditions=source']]);
    const built = threadModule('worker', 'file:///a/dist/engine/host.js');
    expect([built.url.href, built.execArgv]).toEqual(['file:///a/dist/engine/worker.js', []]);
  });
});
