import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, type BrokerOptions, type BrokerPorts } from '@millrace/broker';
import type { LogFields, Logger } from '@millrace/core';
import { onTestFinished } from 'vitest';

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-broker-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A broker on a free port that is closed after the test. */
export async function openBroker(options: Partial<BrokerOptions> = {}, ports: Partial<BrokerPorts> = {}): Promise<Broker> {
  const broker = new Broker({ dataDirectory: options.dataDirectory ?? temporaryDirectory(), port: 0, ...options }, ports);
  await broker.open();
  onTestFinished(() => broker.close());
  return broker;
}

/** Keeps the lines that are logged as warnings or errors. */
export function recordingLogger(): Logger & { lines: { message: string; fields: LogFields }[] } {
  const lines: { message: string; fields: LogFields }[] = [];
  const keep = (fields: LogFields, message: string) => void lines.push({ message, fields });
  const logger = { lines, debug() {}, info() {}, warn: keep, error: keep, child: () => logger };
  return logger;
}
