export { type Configuration, type ConfigurationInput, loadConfiguration, variableOf } from './configuration/configuration.ts';
export { type ConfigurationKey, type ConfigurationKeyName, type ConfigurationValues, configurationKeys } from './configuration/keys.ts';
export { type ShownKey, showConfiguration } from './configuration/show.ts';
export { createLogger } from './logging.ts';
export { createServer, type MillraceServer, type ServerPorts } from './server.ts';
