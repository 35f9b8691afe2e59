import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiReport, reportFile } from './api-report.ts';

const report = apiReport();

describe('the public API', () => {
  it('is as sdk/api-report.md says: if the change is meant, run `npm run docs`', () => {
    expect(report).toBe(readFileSync(reportFile, 'utf8'));
  });

  it('has no any', () => {
    expect(report.split('\n').filter((line) => /\bany\b/.test(line))).toEqual([]);
  });

  it('shows what its exports refer to', () => {
    for (const name of ['interface KeyedState', 'interface ConnectorHooks', 'const brand', 'class ProcessorDriver'])
      expect(report).toContain(name);
  });
});
