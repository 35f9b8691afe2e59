import { defineFunction, perQuery } from '../define-function.ts';

export const uuid = defineFunction({
  name: 'uuid',
  aliases: ['generate_uuid_v4'],
  signature: '([any_value any]) -> uuid',
  help: 'A random UUID (version 4), another one for each row.',
  examples: [
    ['length(to_string(uuid()))', 36],
    ['uuid() = uuid()', false],
    ['is_null(uuid(NULL))', false],
  ],
  deterministic: false,
  nulls: 'manual',
  kernel: perQuery(
    ({ random }) =>
      () =>
        random.uuid(),
  ),
  see: 'ClickHouse: generateUUIDv4',
});

export const rand = defineFunction({
  name: 'rand',
  aliases: ['rand32'],
  signature: '([any_value any]) -> uint32',
  help: 'A random number, uniform over 0 … 4294967295, another one for each row.',
  examples: [
    ['rand() < 4294967296', true],
    ['rand() = rand()', false],
    ['is_null(rand(NULL))', false],
  ],
  deterministic: false,
  nulls: 'manual',
  kernel: perQuery(
    ({ random }) =>
      () =>
        random.uint32(),
  ),
  see: 'ClickHouse: rand',
});

export const rand64 = defineFunction({
  name: 'rand64',
  signature: '([any_value any]) -> uint64',
  help: 'A random number, uniform over all of uint64, another one for each row.',
  examples: [
    ['rand64() >= 0', true],
    ['rand64() = rand64()', false],
    ['is_null(rand64(NULL))', false],
  ],
  deterministic: false,
  nulls: 'manual',
  kernel: perQuery(
    ({ random }) =>
      () =>
        (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()),
  ),
  see: 'ClickHouse: rand64',
});
