/** Names a service of the host by its type. Two copies of the SDK agree on it. */
export interface ServiceToken<T> {
  readonly symbol: symbol;
  /** Only for the type checker. */
  readonly of?: T;
}

/** @param name unique among services, e.g. `logger` */
export function serviceToken<T>(name: string): ServiceToken<T> {
  return Object.freeze({ symbol: Symbol.for(`millrace.${name}`) });
}

/** Services by the names under which a plugin wants them. */
export type Injections = { readonly [name: string]: ServiceToken<unknown> };

/** Of a plugin that wants none. */
export type NoInjections = { readonly [name in never]: ServiceToken<unknown> };

/** What a hook receives for {@link Injections}. */
export type Injected<I extends Injections> = { readonly [K in keyof I]: I[K] extends ServiceToken<infer T> ? T : never };
