import { timingSafeEqual } from 'node:crypto';
import type { Credentials } from './credentials.ts';
import type { Exchange, Outcome } from './exchange.ts';

/**
 * PLAIN as a server. The password is checked against what is kept for SCRAM, so that one kind of credential serves both.
 * @see RFC 4616
 */
export class PlainExchange implements Exchange {
  readonly #credentials: Pick<Credentials, 'lookupAny' | 'derive'>;

  constructor(credentials: Pick<Credentials, 'lookupAny' | 'derive'>) {
    this.#credentials = credentials;
  }

  async evaluate(message: Buffer): Promise<Outcome> {
    const [onBehalfOf, user, password, ...more] = message.toString().split('\0');
    if (!user || !password || more.length > 0) return { kind: 'refused', reason: 'the PLAIN message is not legal' };
    if (onBehalfOf !== '' && onBehalfOf !== user) return { kind: 'refused', reason: `user "${user}" asked to be somebody else` };
    const { keys, isKnown, mechanism } = this.#credentials.lookupAny(user);
    const given = await this.#credentials.derive(mechanism, password, keys);
    const isRight = timingSafeEqual(given.storedKey, keys.storedKey);
    if (!(isRight && isKnown)) return { kind: 'refused', reason: `wrong name or password of user "${user}"` };
    return { kind: 'accepted', reply: Buffer.alloc(0), user };
  }
}
