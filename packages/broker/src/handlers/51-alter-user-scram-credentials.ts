import { type apis, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import type { CredentialChange } from '../security/credentials.ts';
import { keysOfSalted } from '../security/scram-keys.ts';
import { iterationsMax, iterationsMin, scramMechanismOfType } from '../security/scram-mechanism.ts';
import { isStorageFailure } from '../topic/partition.ts';
import type { Handler, RequestContext, Services } from './handler.ts';

type Request = RequestOf<typeof apis.alterUserScramCredentials>;
type Refusal = readonly [error: KafkaErrorName, message: string];
type Verdict = CredentialChange | Refusal;

/**
 * AlterUserScramCredentials 0: gives users credentials and takes them away, durably and with effect on the next proof. What can be done is
 * done at once, whatever becomes of the rest.
 * Differs from Kafka, which has an authorizer for it: on a listener with SASL the users of the broker's configuration may change
 * everybody's, others their own; those of the configuration are changed there.
 * @see KIP-554
 */
export const handleAlterUserScramCredentials: Handler<typeof apis.alterUserScramCredentials> = (request, services, context) => {
  const verdicts = judgeAll(request, services, context);
  const refusal = store(
    [...verdicts.values()].filter((verdict): verdict is CredentialChange => 'user' in verdict),
    services,
  );
  return {
    results: [...verdicts].map(([user, verdict]) => {
      const [error, errorMessage] = 'user' in verdict ? (refusal ?? (['NONE', null] as const)) : verdict;
      return { user, errorCode: errorCode(error), errorMessage };
    }),
  };
};

function judgeAll({ deletions, upsertions }: Request, services: Services, context: RequestContext): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  const add = (user: string, judge: () => Verdict) => {
    const repeated = ['DUPLICATE_RESOURCE', 'A user credential cannot be altered twice in the same request'] as const;
    verdicts.set(user, verdicts.has(user) ? repeated : (refuseUser(user, services, context) ?? judge()));
  };
  for (const deletion of deletions) add(deletion.name, () => judgeDeletion(deletion, services));
  for (const upsertion of upsertions) add(upsertion.name, () => judgeUpsertion(upsertion));
  return verdicts;
}

function refuseUser(user: string, { credentials }: Services, { authentication }: RequestContext): Refusal | undefined {
  if (user === '') return ['UNACCEPTABLE_CREDENTIAL', 'Username must not be empty'];
  const asks = authentication?.user;
  const mayChange = asks === undefined || asks === user || credentials.isConfigured(asks);
  if (!mayChange) return ['CLUSTER_AUTHORIZATION_FAILED', `${asks} may change its own credentials only`];
  if (credentials.isConfigured(user))
    return ['UNACCEPTABLE_CREDENTIAL', `${user} is a user of the broker's configuration, and changed there`];
  return undefined;
}

const unknownMechanism: Refusal = ['UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism'];

function judgeDeletion({ name, mechanism: type }: Request['deletions'][number], { credentials }: Services): Verdict {
  const mechanism = scramMechanismOfType(type);
  if (mechanism === undefined) return unknownMechanism;
  if (!credentials.of(name).has(mechanism)) return ['RESOURCE_NOT_FOUND', 'Attempt to delete a user credential that does not exist'];
  return { user: name, mechanism, keys: null };
}

function judgeUpsertion({ name, mechanism: type, iterations, salt, saltedPassword }: Request['upsertions'][number]): Verdict {
  const mechanism = scramMechanismOfType(type);
  if (mechanism === undefined) return unknownMechanism;
  if (iterations < iterationsMin) return ['UNACCEPTABLE_CREDENTIAL', 'Too few iterations'];
  if (iterations > iterationsMax) return ['UNACCEPTABLE_CREDENTIAL', 'Too many iterations'];
  return { user: name, mechanism, keys: keysOfSalted(mechanism, saltedPassword, Buffer.from(salt), iterations) };
}

function store(changes: readonly CredentialChange[], { credentials, logger }: Services): Refusal | undefined {
  if (changes.length === 0) return undefined;
  try {
    credentials.apply(changes);
    return undefined;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ error: failure.message }, 'credentials not changed');
    return ['KAFKA_STORAGE_ERROR', failure.message];
  }
}
