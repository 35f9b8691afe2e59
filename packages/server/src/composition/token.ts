import 'reflect-metadata';
import { MillraceError } from '@millrace/core';
import { container, type DependencyContainer } from 'tsyringe';

/** Names a part of the server by its type. */
export interface Token<T> {
  readonly symbol: symbol;
  /** Only for the type checker. */
  readonly of?: T;
}

export function token<T>(name: string): Token<T> {
  return { symbol: Symbol(name) };
}

/** The parts of one server: a child container that refuses a second part of the same token. Closing is the life cycle's business. */
export class Parts {
  readonly #container: DependencyContainer = container.createChildContainer();

  /** Gives the part back, so that it can be used at once. @throws {MillraceError} INTERNAL_INVARIANT if there is one already */
  add<T>(key: Token<T>, part: T): T {
    if (this.#container.isRegistered(key.symbol))
      throw new MillraceError('INTERNAL_INVARIANT', `the part ${String(key.symbol)} is there already`);
    this.#container.register(key.symbol, { useValue: part });
    return part;
  }

  /** @throws {MillraceError} INTERNAL_INVARIANT if it is not there yet */
  get<T>(key: Token<T>): T {
    if (!this.#container.isRegistered(key.symbol))
      throw new MillraceError('INTERNAL_INVARIANT', `the part ${String(key.symbol)} is not there yet`);
    return this.#container.resolve<T>(key.symbol);
  }
}
