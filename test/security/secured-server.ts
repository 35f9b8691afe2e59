import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFields, Logger } from '@millrace/core';
import { createServer, loadConfiguration } from '@millrace/server';
import * as certificates from '../../packages/kafka-client/test/tls-certificates.ts';

/** Files of the certificates that tests use, and of passwords, readable by their owner alone. */
export interface SecretFiles {
  readonly authority: string;
  readonly brokerCertificate: string;
  readonly brokerKey: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
  /** Writes a file of any content. */
  write(name: string, content: string): string;
  remove(): void;
}

export function writeSecretFiles(): SecretFiles {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    chmodSync(path, 0o600);
    return path;
  };
  return {
    authority: write('authority.pem', certificates.authorityCertificate),
    brokerCertificate: write('broker.pem', certificates.brokerCertificate),
    brokerKey: write('broker.key', certificates.brokerKey),
    clientCertificate: write('client.pem', certificates.clientCertificate),
    clientKey: write('client.key', certificates.clientKey),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A server in this process that keeps all lines of its log, with their fields. */
export interface SecuredServer {
  readonly url: string;
  readonly brokers: readonly string[];
  readonly log: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  /** Runs statements; the rows of the last. @throws Error with what the server says. */
  run(sql: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function openSecuredServer(flags: Readonly<Record<string, unknown>>): Promise<SecuredServer> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-secured-'));
  const log: { level: string; message: string; fields: LogFields }[] = [];
  const line = (level: string) => (fields: LogFields, message: string) => void log.push({ level, message, fields });
  const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error'), child: () => logger };
  const given = { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC', ...flags };
  const configuration = loadConfiguration({ workingDirectory: directory, flags: given });
  const server = await createServer(configuration, { logger, engine: { workers: 1 } });
  return {
    url: server.url,
    brokers: server.brokers,
    log,
    run: async (sql) => {
      const response = await fetch(`${server.url}?default_format=TabSeparated`, { method: 'POST', body: sql });
      const text = await response.text();
      if (!response.ok || text.includes('__exception__')) throw new Error(text);
      return text === '' ? [] : text.trimEnd().split('\n');
    },
    close: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
