import type { ServiceToken } from './service-token.ts';

/** A class that names its services. */
type Injectable = { inject?: readonly ServiceToken<unknown>[] };

/**
 * `static inject` as parameter decorators, for packages that are compiled with `experimentalDecorators`:
 * `constructor(@inject(Logger) log: Logger)`. What Node strips types of has `static inject = [Logger]` instead.
 */
export function inject(token: ServiceToken<unknown>): (target: Injectable, method: undefined, index: number) => void {
  return (target, _method, index) => {
    const tokens = [...(Object.hasOwn(target, 'inject') ? (target.inject ?? []) : [])];
    tokens[index] = token;
    target.inject = tokens;
  };
}
