import { createHmac, randomBytes } from 'node:crypto';
import type { Disk } from '@millrace/core';
import { isWhole, readStored } from '../log/stored-json.ts';
import { keysOfPassword, type ScramKeys, saltBytes } from './scram-keys.ts';
import { iterationsMin, type ScramMechanism, scramMechanismNames, scramMechanisms } from './scram-mechanism.ts';

/** What a user's proof is compared with. */
export interface CredentialLookup {
  readonly keys: ScramKeys;
  /** False if the keys are made up, so that whether a user exists cannot be seen. */
  readonly isKnown: boolean;
}

type KeysByMechanism = ReadonlyMap<ScramMechanism, ScramKeys>;

/** One change of what is kept of a user; `null` takes a credential away. */
export interface CredentialChange {
  readonly user: string;
  readonly mechanism: ScramMechanism;
  readonly keys: ScramKeys | null;
}

type PlainKeys = { readonly [K in keyof ScramKeys]: ScramKeys[K] extends Buffer ? string : ScramKeys[K] };

/** What `users.json` holds: no password, but enough to guess one at leisure, so it is for the broker's eyes only. */
interface Stored {
  /** What made-up keys are made of: it stays, so that a stranger meets the same salt each time. */
  readonly secret: string;
  readonly users: Readonly<Record<string, Readonly<Partial<Record<ScramMechanism, PlainKeys>>>>>;
}

const fileMode = 0o600;

/** Who may log in: users that were added while the broker ran, kept in its directory, and those of its configuration. */
export class Credentials {
  readonly #disk: Disk;
  readonly #path: string;
  #secret = randomBytes(32);
  #stored: ReadonlyMap<string, KeysByMechanism> = new Map();
  readonly #configured = new Map<string, KeysByMechanism>();
  #derived: Promise<unknown> = Promise.resolve();

  /** @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, DISK_FULL, DISK_IO */
  static open(disk: Disk, directory: string): Credentials {
    const credentials = new Credentials(disk, `${directory}/users.json`);
    credentials.#load();
    return credentials;
  }

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Takes over users of the configuration: in memory alone, before what is stored of the same name. */
  async configure(users: Readonly<Record<string, string>>): Promise<void> {
    for (const [user, password] of Object.entries(users)) {
      const keys = scramMechanismNames.map(async (mechanism) => [mechanism, await keysOfPassword(mechanism, password)] as const);
      this.#configured.set(user, new Map(await Promise.all(keys)));
    }
  }

  /** Names of all users, sorted. */
  get users(): string[] {
    return [...new Set([...this.#configured.keys(), ...this.#stored.keys()])].sort();
  }

  /** True for users of the configuration, who stand above the others. */
  isConfigured(user: string): boolean {
    return this.#configured.has(user);
  }

  /** What is kept of a user; empty if there is none. */
  of(user: string): KeysByMechanism {
    return this.#configured.get(user) ?? this.#stored.get(user) ?? new Map();
  }

  /** What to compare a proof with, made up where the user has none. */
  lookup(user: string, mechanism: ScramMechanism): CredentialLookup {
    const madeUp = this.#madeUp(user, mechanism);
    const keys = this.of(user).get(mechanism);
    return { keys: keys ?? madeUp, isKnown: keys !== undefined };
  }

  /** The same for a password, which any mechanism's keys can tell. */
  lookupAny(user: string): CredentialLookup & { readonly mechanism: ScramMechanism } {
    const mechanism = scramMechanismNames.find((name) => this.of(user).has(name)) ?? 'SCRAM-SHA-256';
    return { ...this.lookup(user, mechanism), mechanism };
  }

  /**
   * The keys of a password that somebody gives. One after the other: who guesses by many connections at once is not to take the threads that
   * bring records to the disk.
   */
  derive(mechanism: ScramMechanism, password: string, { salt, iterations }: ScramKeys): Promise<ScramKeys> {
    const derived = this.#derived.then(() => keysOfPassword(mechanism, password, salt, iterations));
    // A password that cannot be derived fails alone.
    this.#derived = derived.catch(() => {});
    return derived;
  }

  /**
   * Changes what is stored, durably and all at once.
   * @throws {MillraceError} DISK_FULL, DISK_IO; then nothing has changed.
   */
  apply(changes: readonly CredentialChange[]): void {
    const users = new Map([...this.#stored].map(([user, keys]) => [user, new Map(keys)]));
    for (const { user, mechanism, keys } of changes) {
      const of = users.get(user) ?? new Map<ScramMechanism, ScramKeys>();
      if (keys === null) of.delete(mechanism);
      else of.set(mechanism, keys);
      if (of.size === 0) users.delete(user);
      else users.set(user, of);
    }
    this.#save(users);
    this.#stored = users;
  }

  #madeUp(user: string, mechanism: ScramMechanism): ScramKeys {
    const { keyBytes } = scramMechanisms[mechanism];
    const part = (name: string, size: number) =>
      createHmac('sha512', this.#secret).update(`${mechanism}\0${name}\0${user}`).digest().subarray(0, size);
    return {
      salt: part('salt', saltBytes),
      iterations: iterationsMin,
      storedKey: part('stored key', keyBytes),
      serverKey: part('server key', keyBytes),
    };
  }

  #load(): void {
    if (!this.#disk.exists(this.#path)) {
      this.#save(this.#stored);
      return;
    }
    const { secret, users } = readStored<Stored>(this.#disk, this.#path, isLegal);
    this.#secret = Buffer.from(secret, 'base64');
    this.#stored = new Map(
      Object.entries(users).map(([user, byMechanism]) => {
        const keys = Object.entries(byMechanism).map(([mechanism, plain]) => [mechanism as ScramMechanism, fromPlain(plain)] as const);
        return [user, new Map(keys)];
      }),
    );
  }

  #save(users: ReadonlyMap<string, KeysByMechanism>): void {
    const plain = [...users].map(([user, keys]) => [user, Object.fromEntries([...keys].map(([name, of]) => [name, toPlain(of)]))]);
    const stored = { secret: this.#secret.toString('base64'), users: Object.fromEntries(plain) } satisfies Stored;
    this.#disk.replaceFile(this.#path, Buffer.from(`${JSON.stringify(stored)}\n`), fileMode);
  }
}

function toPlain({ salt, iterations, storedKey, serverKey }: ScramKeys): PlainKeys {
  const text = (bytes: Buffer) => bytes.toString('base64');
  return { salt: text(salt), iterations, storedKey: text(storedKey), serverKey: text(serverKey) };
}

function fromPlain({ salt, iterations, storedKey, serverKey }: PlainKeys): ScramKeys {
  const bytes = (text: string) => Buffer.from(text, 'base64');
  return { salt: bytes(salt), iterations, storedKey: bytes(storedKey), serverKey: bytes(serverKey) };
}

function isLegal({ secret, users }: Stored): boolean {
  const isKey = (text: string, bytes: number) => Buffer.from(text, 'base64').length === bytes;
  const isLegalOf = (mechanism: string, { salt, iterations, storedKey, serverKey }: PlainKeys) => {
    const size = scramMechanisms[mechanism as ScramMechanism].keyBytes;
    return isKey(storedKey, size) && isKey(serverKey, size) && salt.length > 0 && isWhole(iterations) && iterations > 0;
  };
  const byUser = Object.values(users);
  return secret.length > 0 && byUser.every((keys) => Object.entries(keys).every(([mechanism, plain]) => isLegalOf(mechanism, plain)));
}
