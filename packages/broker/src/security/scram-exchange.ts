import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { CredentialLookup } from './credentials.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { hashOf, hmacOf } from './scram-keys.ts';
import type { ScramMechanism } from './scram-mechanism.ts';

const firstMessage =
  /^(?<header>[ny],(?:a=(?<onBehalfOf>[^,]*))?,)(?<bare>n=(?<name>(?:[^=,]|=2C|=3D)+),r=(?<nonce>[\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s;
const finalMessage = /^(?<unproven>c=(?<binding>[^,]+),r=(?<nonce>[^,]+)(?:,[A-Za-z]=[^,]*)*),p=(?<proof>[A-Za-z0-9+/]+={0,2})$/;

interface Challenged extends CredentialLookup {
  readonly user: string;
  readonly header: string;
  readonly nonce: string;
  /** The client's first message and the challenge, as they are signed. */
  readonly said: string;
}

/**
 * SCRAM as a server: a challenge, then the check of the client's proof. Whether a user exists is not to be told from the challenge,
 * nor from the time it takes.
 * @see RFC 5802, §5; KIP-84
 */
export class ScramExchange implements Exchange {
  readonly #mechanism: ScramMechanism;
  readonly #lookup: (user: string) => CredentialLookup;
  readonly #nonce: string;
  #challenged: Challenged | undefined;

  /** @param nonce unpredictable; given only to compare with known exchanges. */
  constructor(mechanism: ScramMechanism, lookup: (user: string) => CredentialLookup, nonce = randomBytes(18).toString('base64')) {
    this.#mechanism = mechanism;
    this.#lookup = lookup;
    this.#nonce = nonce;
  }

  evaluate(message: Buffer): Outcome {
    const text = message.toString();
    return this.#challenged === undefined ? this.#challenge(text) : this.#check(text, this.#challenged);
  }

  #challenge(text: string): Outcome {
    const { header, onBehalfOf = '', bare, name, nonce: theirs } = (firstMessage.exec(text)?.groups ?? {}) as Groups;
    if (header === undefined || name === undefined) return { kind: 'refused', reason: 'the first SCRAM message is not legal' };
    const user = name.replaceAll('=2C', ',').replaceAll('=3D', '=');
    if (onBehalfOf !== '' && onBehalfOf !== name) return { kind: 'refused', reason: `user "${user}" asked to be somebody else` };
    const found = this.#lookup(user);
    const nonce = `${theirs}${this.#nonce}`;
    const reply = `r=${nonce},s=${found.keys.salt.toString('base64')},i=${found.keys.iterations}`;
    this.#challenged = { ...found, user, header, nonce, said: `${bare},${reply}` };
    return { kind: 'challenge', reply: Buffer.from(reply) };
  }

  #check(text: string, { keys, isKnown, user, header, nonce, said }: Challenged): Outcome {
    const { unproven, binding, nonce: given, proof: encoded = '' } = (finalMessage.exec(text)?.groups ?? {}) as Groups;
    // Older librdkafka puts its own nonce before once more, which Kafka takes too.
    const isAnswer = binding === Buffer.from(header).toString('base64') && given?.endsWith(nonce) === true;
    if (!isAnswer) return { kind: 'refused', reason: `the final SCRAM message of user "${user}" answers another challenge` };
    const conversation = `${said},${unproven}`;
    const signature = hmacOf(this.#mechanism, keys.storedKey, conversation);
    const proof = Buffer.from(encoded, 'base64');
    if (proof.length !== signature.length) return { kind: 'refused', reason: `the proof of user "${user}" has a wrong length` };
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ signature[index]!));
    const isProved = timingSafeEqual(hashOf(this.#mechanism, clientKey), keys.storedKey);
    const verifier = hmacOf(this.#mechanism, keys.serverKey, conversation).toString('base64');
    if (!(isProved && isKnown)) return { kind: 'refused', reason: `wrong name or password of user "${user}"` };
    return { kind: 'accepted', reply: Buffer.from(`v=${verifier}`), user };
  }
}

type Groups = Partial<Record<string, string>>;
