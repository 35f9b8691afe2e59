import type { Configuration } from './configuration/configuration.ts';
import type { MillraceServer, ServerPorts } from './server.ts';

/**
 * Starts a server: data directory, catalog, broker, Kafka, engine, HTTP, in this order. When it resolves everything answers.
 * What it is made of is loaded then and not before: who only wants the configuration does not wait for it.
 * @throws {MillraceError} what a part cannot open with; then nothing is left open
 */
export async function createServer(configuration: Configuration, ports: ServerPorts = {}): Promise<MillraceServer> {
  const { openServer } = await import('./server.ts');
  return openServer(configuration, ports);
}
