export { clusterOptions } from './configuration/cluster-options.ts';
export { type Configuration, type ConfigurationInput, loadConfiguration, variableOf } from './configuration/configuration.ts';
export { type ConfigurationKey, type ConfigurationKeyName, type ConfigurationValues, configurationKeys } from './configuration/keys.ts';
export { type ShownKey, showConfiguration } from './configuration/show.ts';
export { createServer } from './create-server.ts';
export { createLogger } from './logging.ts';
export { openBroker, type RunningBroker } from './open-broker.ts';
export type { MillraceServer, ServerPorts } from './server.ts';
