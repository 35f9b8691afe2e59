import type { Configuration } from './configuration.ts';
import { type ConfigurationKey, type ConfigurationKeyName, configurationKeys } from './keys.ts';

export interface ShownKey {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly help: string;
}

/** Every key with its effective value and where that came from; secrets as `******`. */
export function showConfiguration({ values, origins }: Configuration): ShownKey[] {
  return Object.entries<ConfigurationKey>(configurationKeys).map(([key, { secret, help }]) => ({
    key,
    value: secret && values[key as ConfigurationKeyName] !== '' ? '******' : values[key as ConfigurationKeyName],
    origin: origins[key as ConfigurationKeyName],
    help,
  }));
}
