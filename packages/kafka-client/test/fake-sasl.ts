import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { Socket } from 'node:net';
import { errorCode } from '@millrace/kafka-protocol';

interface Conversation {
  mechanism: string;
  /** The messages so far, without the binding. */
  readonly said: string[];
  isAuthenticated: boolean;
}

const iterations = 4096;
const salt = Buffer.from('salt of the test');

/** The server's side of SASL: PLAIN and SCRAM, from RFC 5802. */
export class FakeSasl {
  mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
  sessionLifetimeMs = 0;
  /** Signs with another password, as one who does not know it. */
  isImpostor = false;
  readonly #users: Readonly<Record<string, string>>;
  readonly #conversations = new WeakMap<Socket, Conversation>();

  constructor(users: Readonly<Record<string, string>>) {
    this.#users = users;
  }

  /** Undefined lets the request pass. */
  answer(socket: Socket, api: string, request: { mechanism: string; authBytes: Buffer }): object | 'close' | undefined {
    const conversation = this.#conversations.get(socket);
    if (api === 'ApiVersions') return undefined;
    if (api === 'SaslHandshake') {
      this.#conversations.set(socket, { mechanism: request.mechanism, said: [], isAuthenticated: false });
      const isKnown = this.mechanisms.includes(request.mechanism);
      return { errorCode: isKnown ? 0 : errorCode('UNSUPPORTED_SASL_MECHANISM'), mechanisms: this.mechanisms };
    }
    if (api !== 'SaslAuthenticate') return conversation?.isAuthenticated ? undefined : 'close';
    const message = request.authBytes.toString();
    const reply = conversation!.mechanism === 'PLAIN' ? this.#plain(conversation!, message) : this.#scram(conversation!, message);
    if (reply === undefined) {
      return { errorCode: errorCode('SASL_AUTHENTICATION_FAILED'), errorMessage: 'invalid credentials', authBytes: Buffer.alloc(0) };
    }
    return { errorCode: 0, authBytes: Buffer.from(reply), sessionLifetimeMs: this.sessionLifetimeMs };
  }

  #plain(conversation: Conversation, message: string): string | undefined {
    const [, username, password] = message.split('\0');
    conversation.isAuthenticated = this.#users[username!] === password;
    return conversation.isAuthenticated ? '' : undefined;
  }

  #scram(conversation: Conversation, message: string): string | undefined {
    if (conversation.said.length === 0) {
      const first = message.slice(3);
      const challenge = `r=${/r=(.*)$/.exec(first)![1]}server,s=${salt.toString('base64')},i=${iterations}`;
      conversation.said.push(first, challenge);
      return challenge;
    }
    const hash = conversation.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    const username = /n=([^,]*)/.exec(conversation.said[0]!)![1]!.replaceAll('=2C', ',').replaceAll('=3D', '=');
    const [unproven, proof] = message.split(',p=') as [string, string];
    const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
    const salted = (password: string) => pbkdf2Sync(password, salt, iterations, hash === 'sha256' ? 32 : 64, hash);
    const said = [...conversation.said, unproven].join(',');
    const storedKey = createHash(hash)
      .update(hmac(salted(this.#users[username] ?? ''), 'Client Key'))
      .digest();
    const signature = hmac(storedKey, said);
    const clientKey = Buffer.from(proof, 'base64').map((byte, index) => byte ^ signature[index]!);
    if (this.#users[username] === undefined || !createHash(hash).update(clientKey).digest().equals(storedKey)) return undefined;
    conversation.isAuthenticated = true;
    const serverKey = hmac(salted(this.isImpostor ? 'guessed' : this.#users[username]!), 'Server Key');
    return `v=${hmac(serverKey, said).toString('base64')}`;
  }
}
