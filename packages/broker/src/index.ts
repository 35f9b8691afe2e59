export { Broker, type BrokerPorts } from './broker.ts';
export type { BrokerControl, RemoteBrokerControl } from './broker-control.ts';
export type { BrokerOptions } from './broker-options.ts';
export type { NodeAddress } from './cluster/cluster.ts';
export type { Intercept, InterceptedRequest, InterceptionRule, Verdict } from './server/interception.ts';
export { type EmbeddedBroker, startBroker } from './start-broker.ts';
