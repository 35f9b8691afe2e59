import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';

/**
 * SaslHandshake 0–1: begins a proof by one of the mechanisms that are offered. After version 1 tokens come as SaslAuthenticate, after
 * version 0 as they are, each a frame of its own. A mechanism that is not offered ends the connection; where no SASL is asked for, amid
 * a proof, and less than a second after the last one began, the answer is ILLEGAL_SASL_STATE.
 * @see KIP-43, KIP-152, KIP-368
 */
export const handleSaslHandshake: Handler<typeof apis.saslHandshake> = ({ mechanism }, { sasl }, { version, authentication, hangUp }) => {
  const error = authentication?.handshake(mechanism, version === 0) ?? 'ILLEGAL_SASL_STATE';
  if (authentication?.isRefused) hangUp();
  return { errorCode: errorCode(error), mechanisms: error === 'ILLEGAL_SASL_STATE' ? [] : [...(sasl?.mechanisms ?? [])] };
};
