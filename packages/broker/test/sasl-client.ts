import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

interface Given {
  readonly first: string;
  readonly challenge: string;
  readonly password: string;
  readonly header?: string;
  /** What is put before the nonce of the challenge. */
  readonly repeated?: string;
}

/** The client's side of SCRAM, as RFC 5802 has it: from a challenge to the final message. */
export function answerChallenge(
  hash: 'sha256' | 'sha512',
  { first, challenge, password, header = 'n,,', repeated = '' }: Given,
): { message: string; verifier: string } {
  const attributes = Object.fromEntries(challenge.split(',').map((part) => [part[0]!, part.slice(2)]));
  const salted = pbkdf2Sync(password, Buffer.from(attributes['s']!, 'base64'), Number(attributes['i']), hash === 'sha256' ? 32 : 64, hash);
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const clientKey = hmac(salted, 'Client Key');
  const unproven = `c=${Buffer.from(header).toString('base64')},r=${repeated}${attributes['r']}`;
  const conversation = `${first},${challenge},${unproven}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), conversation);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64');
  return { message: `${unproven},p=${proof}`, verifier: `v=${hmac(hmac(salted, 'Server Key'), conversation).toString('base64')}` };
}
