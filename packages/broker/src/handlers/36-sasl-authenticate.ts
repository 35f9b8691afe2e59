import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * SaslAuthenticate 0–2: the next token of a proof. A refusal is answered after `connection.failed.authentication.delay.ms`, then the
 * connection is closed. With `connections.max.reauth.ms` version 1 tells how long the session lasts; requests after its end close the
 * connection in every version.
 * Differs from Kafka: a user that does not exist is challenged as others are, and refused at the end.
 * @see KIP-152, KIP-306, KIP-368
 */
export const handleSaslAuthenticate: Handler<typeof apis.saslAuthenticate> = async (
  { authBytes },
  _,
  { authentication, signal, hangUp },
) => {
  const answer = await authentication?.authenticate(authBytes, signal);
  if (answer === undefined) {
    const errorMessage = 'SaslAuthenticate request received on a listener that asks for no SASL';
    return { errorCode: errorCode('ILLEGAL_SASL_STATE'), errorMessage, authBytes: Buffer.alloc(0) };
  }
  const { error, message, reply, sessionLifetimeMs } = answer;
  if (authentication?.isRefused) hangUp();
  return { errorCode: errorCode(error), errorMessage: message, authBytes: reply, sessionLifetimeMs };
};
