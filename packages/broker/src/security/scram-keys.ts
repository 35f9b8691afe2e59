import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { iterationsMin, type ScramMechanism, scramMechanisms } from './scram-mechanism.ts';

const derive = promisify(pbkdf2);

export const saltBytes = 24;

/** What a server keeps of a password: enough to check it and to prove that it knows it, not enough to log in with. @see RFC 5802, §3 */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export function hmacOf(mechanism: ScramMechanism, key: Buffer, text: string): Buffer {
  return createHmac(scramMechanisms[mechanism].hash, key).update(text).digest();
}

export function hashOf(mechanism: ScramMechanism, bytes: Buffer): Buffer {
  return createHash(scramMechanisms[mechanism].hash).update(bytes).digest();
}

/** The keys of a password that a client has salted. */
export function keysOfSalted(mechanism: ScramMechanism, salted: Buffer, salt: Buffer, iterations: number): ScramKeys {
  return {
    salt,
    iterations,
    storedKey: hashOf(mechanism, hmacOf(mechanism, salted, 'Client Key')),
    serverKey: hmacOf(mechanism, salted, 'Server Key'),
  };
}

/** The keys of a password as it is written: like all clients of Kafka, without SASLprep. */
export async function keysOfPassword(
  mechanism: ScramMechanism,
  password: string,
  salt: Buffer = randomBytes(saltBytes),
  iterations: number = iterationsMin,
): Promise<ScramKeys> {
  const { hash, keyBytes } = scramMechanisms[mechanism];
  return keysOfSalted(mechanism, await derive(password, salt, iterations, keyBytes, hash), salt, iterations);
}
