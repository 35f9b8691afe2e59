import { randomBytes } from 'node:crypto';
import { apis, type ResponseOf } from '@millrace/kafka-protocol';
import type { KafkaClient } from './kafka-client.ts';
import { refused } from './refused.ts';
import { saltPassword, scramIterationsMin } from './sasl.ts';

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** Kafka's numbers of the mechanisms. */
const types: Readonly<Record<ScramMechanism, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 };
const mechanismNames = Object.keys(types) as readonly ScramMechanism[];
const saltBytes = 24;

/** A user of a cluster, with the mechanisms by which it can prove who it is. */
export interface ScramUser {
  readonly user: string;
  readonly mechanisms: readonly ScramMechanism[];
}

/**
 * The users of a cluster that authenticate themselves by SCRAM, in order of their names.
 * @throws {MillraceError} KAFKA_REQUEST_REFUSED, KAFKA_BROKER_UNAVAILABLE, NOT_SUPPORTED
 * @see KIP-554
 */
export async function listScramUsers(client: KafkaClient): Promise<ScramUser[]> {
  const { errorCode, errorMessage, results } = await client.requestAny(apis.describeUserScramCredentials, { users: null });
  if (errorCode !== 0) throw refused(errorCode, 'listing users', {}, errorMessage);
  const users = results.map(({ user, credentialInfos }) => ({
    user,
    mechanisms: mechanismNames.filter((name) => credentialInfos.some(({ mechanism }) => mechanism === types[name])),
  }));
  return users.sort((a, b) => (a.user < b.user ? -1 : 1));
}

/**
 * Gives a user a password, in place of the one that it may have. The cluster gets the salted password, as Kafka's own tools send it.
 * @throws {MillraceError} KAFKA_REQUEST_REFUSED, KAFKA_BROKER_UNAVAILABLE, NOT_SUPPORTED
 * @see KIP-554
 */
export async function setScramPassword(
  client: KafkaClient,
  user: string,
  password: string,
  mechanisms: readonly ScramMechanism[] = mechanismNames,
): Promise<void> {
  // One request each: Kafka takes one change of a user in a request.
  for (const mechanism of mechanisms) {
    const salt = randomBytes(saltBytes);
    const saltedPassword = await saltPassword(mechanism, password, salt, scramIterationsMin);
    const upsertion = { name: user, mechanism: types[mechanism], iterations: scramIterationsMin, salt, saltedPassword };
    check(await client.requestAny(apis.alterUserScramCredentials, { deletions: [], upsertions: [upsertion] }), `user "${user}"`);
  }
}

/**
 * Takes all credentials of a user away.
 * @returns whether it had any.
 * @throws {MillraceError} KAFKA_REQUEST_REFUSED, KAFKA_BROKER_UNAVAILABLE, NOT_SUPPORTED
 */
export async function removeScramUser(client: KafkaClient, user: string): Promise<boolean> {
  const found = (await listScramUsers(client)).find((other) => other.user === user);
  for (const mechanism of found?.mechanisms ?? []) {
    const deletions = [{ name: user, mechanism: types[mechanism] }];
    check(await client.requestAny(apis.alterUserScramCredentials, { deletions, upsertions: [] }), `user "${user}"`);
  }
  return found !== undefined;
}

function check({ results }: ResponseOf<typeof apis.alterUserScramCredentials>, what: string): void {
  for (const { user, errorCode, errorMessage } of results) {
    if (errorCode !== 0) throw refused(errorCode, `changing ${what}`, { user }, errorMessage);
  }
}
