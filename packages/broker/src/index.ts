export { Broker, type BrokerPorts } from './broker.ts';
export type { BrokerOptions } from './broker-options.ts';
export { type EmbeddedBroker, startBroker } from './start-broker.ts';
