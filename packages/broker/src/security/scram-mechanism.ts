/** A SCRAM mechanism by its name in SASL. */
export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

interface Traits {
  /** Its number in requests about credentials (KIP-554). */
  readonly type: number;
  readonly hash: 'sha256' | 'sha512';
  readonly keyBytes: number;
}

/** What is particular to each mechanism. @see RFC 5802, RFC 7677, KIP-84 */
export const scramMechanisms: Readonly<Record<ScramMechanism, Traits>> = {
  'SCRAM-SHA-256': { type: 1, hash: 'sha256', keyBytes: 32 },
  'SCRAM-SHA-512': { type: 2, hash: 'sha512', keyBytes: 64 },
};

export const scramMechanismNames = Object.keys(scramMechanisms) as readonly ScramMechanism[];

/** Fewer would make guessing cheap (RFC 7677), more would let a client buy the broker's time (Kafka's bound). */
export const iterationsMin = 4096;
export const iterationsMax = 16_384;

export function scramMechanismOfType(type: number): ScramMechanism | undefined {
  return scramMechanismNames.find((name) => scramMechanisms[name].type === type);
}
