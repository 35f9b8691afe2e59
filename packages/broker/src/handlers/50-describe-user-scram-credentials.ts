import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import { scramMechanisms } from '../security/scram-mechanism.ts';
import type { Handler, Services } from './handler.ts';

/**
 * DescribeUserScramCredentials 0: mechanisms and iterations of users, of all where none is named; never their keys.
 * @see KIP-554
 */
export const handleDescribeUserScramCredentials: Handler<typeof apis.describeUserScramCredentials> = ({ users }, { credentials }) => {
  const named = (users ?? []).map(({ name }) => name);
  const asked = named.length === 0 ? credentials.users : [...new Set(named)];
  const results = asked.map((user) => describe(user, named.filter((name) => name === user).length > 1, credentials));
  return { errorCode: 0, errorMessage: null, results };
};

function describe(user: string, isRepeated: boolean, credentials: Services['credentials']) {
  const refuse = (error: KafkaErrorName, errorMessage: string) => ({
    user,
    errorCode: errorCode(error),
    errorMessage,
    credentialInfos: [],
  });
  if (isRepeated) {
    return refuse('DUPLICATE_RESOURCE', `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`);
  }
  const keys = credentials.of(user);
  if (keys.size === 0) return refuse('RESOURCE_NOT_FOUND', `Attempt to describe a user credential that does not exist: ${user}`);
  const credentialInfos = [...keys].map(([name, { iterations }]) => ({ mechanism: scramMechanisms[name].type, iterations }));
  return { user, errorCode: 0, errorMessage: null, credentialInfos };
}
