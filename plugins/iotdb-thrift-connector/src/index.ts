import { Clock, defineConnector, Logger, Metrics, type OpenContext, Settings } from '@millrace/sdk';
import { endpointsOf, type TargetAttributes, targetAttributes } from './attributes.ts';
import { Delivery } from './deliver/delivery.ts';
import { asHostError } from './deliver/outcome.ts';
import { Nodes } from './target/nodes.ts';
import type { PoolLimits } from './target/session-pool.ts';
import { Target } from './target/target.ts';

const services = { log: Logger, metrics: Metrics, clock: Clock, settings: Settings };
type Context = OpenContext<TargetAttributes, typeof services>;

/** Calls under way on a connection of the async connector: the next one is there when the server has finished one. */
const depth = 4;
/** Most events at once of the async connector; the pool of clients decides how many of them are on their way. */
const concurrency = 64;

const hooks = {
  attributes: targetAttributes,
  inject: services,
  heartbeat: (delivery: Delivery) => delivery.ping(),
  close: (delivery: Delivery) => delivery.close(),
};

/** One connection, one call at a time: the target applies rows and deletions in the order of the stream. */
export const iotdbThriftConnector = defineConnector({
  ...hooks,
  name: 'iotdb-thrift-connector',
  aliases: ['iotdb-thrift-sync-connector'],
  summary: 'Writes rows into Apache IoTDB by its Thrift RPC, one call at a time, in their order; at least once.',
  order: 'ordered',
  open: (context: Context) => open(context, { core: 1, max: 1, depth: 1 }),
  transfer: (delivery, event, { signal }) => delivery.insert(event, signal),
  delete: (delivery, event, { signal }) => delivery.delete(event, signal),
});

/** A pool of clients with several calls under way on each. Rows may be applied in any order; a deletion stays between what it was between. */
export const iotdbThriftAsyncConnector = defineConnector({
  ...hooks,
  name: 'iotdb-thrift-async-connector',
  summary: 'Writes rows into Apache IoTDB by its Thrift RPC, many calls at once, without their order; at least once.',
  order: 'unordered',
  concurrency: () => concurrency,
  open: (context: Context) => open(context, asyncLimits(context.settings)),
  transfer: (delivery, event, { signal }) => delivery.insert(event, signal),
  delete: (delivery, event, { signal }) => delivery.delete(event, signal),
});

async function open({ attributes, log, metrics, clock, settings, signal }: Context, limits: PoolLimits): Promise<Delivery> {
  const { user, password } = attributes;
  const timeoutMs = Number(settings.get('pipe_connector_timeout_ms'));
  const nodes = new Nodes(endpointsOf(attributes), { credentials: { user, password }, timeoutMs });
  try {
    const target = await Target.open(nodes, limits, clock, signal);
    return new Delivery(target, { log, metrics, isStrict: attributes['rejected-values'] === 'fail' });
  } catch (failure) {
    throw asHostError(failure);
  }
}

function asyncLimits(settings: Settings): PoolLimits {
  const core = Number(settings.get('pipe_async_connector_core_client_number'));
  const max = Number(settings.get('pipe_async_connector_max_client_number'));
  return { core: Math.max(1, core), max: Math.max(1, core, max), depth };
}
