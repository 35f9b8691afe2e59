import type { EmbeddedBroker } from '@millrace/broker';
import type { Catalog } from '@millrace/catalog';
import type { Admin, KafkaClient, Producer } from '@millrace/kafka-client';
import type { QueryEngine } from '@millrace/runtime';
import type { DataDirectory } from '../data-directory.ts';
import type { App } from '../http/app.ts';
import type { Pipes } from '../pipes/pipes.ts';
import type { ViewRegistry } from '../views/view-registry.ts';
import { token } from './token.ts';

/** The parts of a server, in the order in which they open. */
export const tokens = {
  dataDirectory: token<DataDirectory>('data directory'),
  catalog: token<Catalog>('catalog'),
  broker: token<EmbeddedBroker>('broker'),
  kafka: token<KafkaClient>('kafka'),
  admin: token<Admin>('admin'),
  producer: token<Producer>('producer'),
  engine: token<QueryEngine>('engine'),
  views: token<ViewRegistry>('views'),
  pipes: token<Pipes>('pipes'),
  app: token<App>('http'),
};
