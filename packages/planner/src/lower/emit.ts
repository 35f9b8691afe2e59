import type { Emit, Expression, Select } from '@millrace/sql';
import { ExpressionBinder } from '../bind/expression-binder.ts';
import { intervalOf, lengthMs } from '../bind/interval.ts';
import { Scope } from '../bind/scope.ts';
import type { EmitPlan } from '../plan.ts';
import { planError } from '../plan-error.ts';
import type { Planning } from './planning.ts';

/** How often a global aggregation shows itself where EMIT says nothing. */
const defaultPeriodMs = 2000;

/** What an EMIT clause comes to. */
export interface ResolvedEmit {
  readonly plan: EmitPlan;
  /** How far the watermark is held back. */
  readonly delayMs: number;
}

const titles = {
  after_watermark: 'AFTER WATERMARK',
  periodic: 'PERIODIC',
  on_update: 'ON UPDATE',
  per_event: 'PER EVENT',
  changelog: 'CHANGELOG',
  last: 'LAST',
  after_key_expire: 'AFTER KEY EXPIRE',
} as const;

/** Refuses what no form of query understands yet. @throws {MillraceError} NOT_SUPPORTED naming the clause. */
export function refuseUnknownPolicies({ emit }: Select, { context }: Planning): void {
  const policy = emit?.policy;
  if (policy?.kind === 'changelog' || policy?.kind === 'last' || policy?.kind === 'after_key_expire') {
    throw planError('NOT_SUPPORTED', `EMIT ${titles[policy.kind]} is not supported`, { source: context.source, node: policy });
  }
}

/** A tail has no results to wait for. @throws {MillraceError} PLAN_ARGUMENT_INVALID. */
export function refusePolicyOfTail({ emit }: Select, { context }: Planning): void {
  const part = emit === null ? null : (emit.policy ?? emit.delay ?? emit.timeout);
  if (emit === null || part === null) return;
  const word = emit.policy !== null ? titles[emit.policy.kind] : emit.delay !== null ? 'DELAY' : 'TIMEOUT';
  throw planError(
    'PLAN_ARGUMENT_INVALID',
    `EMIT ${word} goes with windows and aggregates: this query hands out every row as it comes, so there is nothing to wait for`,
    { source: context.source, node: emit },
    'leave EMIT out, or aggregate',
  );
}

/** Over bounded input there is one result, at the end. */
export function emitAtEnd({ emit }: Select, { findings }: Planning): ResolvedEmit {
  if (emit !== null) findings.notices.add('EMIT has no effect over table(…): the result comes once, at the end');
  return { plan: { when: 'end' }, delayMs: 0 };
}

/** The policy of an aggregation over a stream. @throws {MillraceError} PLAN_ARGUMENT_INVALID, NOT_SUPPORTED. */
export function resolveEmit(select: Select, windowed: boolean, planning: Planning): ResolvedEmit {
  return new EmitResolver(select.emit, windowed, planning).resolve();
}

class EmitResolver {
  readonly #emit: Emit | null;
  readonly #windowed: boolean;
  readonly #planning: Planning;

  constructor(emit: Emit | null, windowed: boolean, planning: Planning) {
    this.#emit = emit;
    this.#windowed = windowed;
    this.#planning = planning;
  }

  resolve(): ResolvedEmit {
    const { delay = null, timeout = null } = this.#emit ?? {};
    if (!this.#windowed) this.#refuseWindowParts();
    const plan = this.#policy();
    if (timeout !== null && plan.when !== 'watermark') {
      throw this.#error('NOT_SUPPORTED', 'TIMEOUT goes with AFTER WATERMARK only', timeout);
    }
    const delayMs = delay === null ? 0 : this.#lengthMs(delay, 'DELAY', 0);
    return {
      plan: plan.when === 'watermark' && timeout !== null ? { ...plan, timeoutMs: this.#lengthMs(timeout, 'TIMEOUT', 1) } : plan,
      delayMs,
    };
  }

  #refuseWindowParts(): void {
    if (this.#emit === null) return;
    const { policy, delay, timeout } = this.#emit;
    const part = policy?.kind === 'after_watermark' ? policy : (delay ?? timeout);
    if (part === null) return;
    const word = part === policy ? 'AFTER WATERMARK' : part === delay ? 'DELAY' : 'TIMEOUT';
    throw this.#error(
      'PLAN_ARGUMENT_INVALID',
      `EMIT ${word} goes with windows: this aggregation never ends`,
      this.#emit,
      'use PERIODIC, ON UPDATE or PER EVENT, or aggregate over tumble(…) or hop(…)',
    );
  }

  #policy(): EmitPlan {
    const policy = this.#emit?.policy ?? null;
    switch (policy?.kind) {
      case 'after_watermark':
        return { when: 'watermark', timeoutMs: null };
      case 'periodic':
        return { when: 'periodic', intervalMs: this.#lengthMs(policy.interval, 'PERIODIC', 1), repeat: policy.repeat };
      case 'on_update':
        return { when: 'update', batchMs: policy.batch === null ? null : this.#lengthMs(policy.batch, 'WITH BATCH', 1) };
      case 'per_event':
        return { when: 'event' };
      default:
        return this.#windowed ? { when: 'watermark', timeoutMs: null } : { when: 'periodic', intervalMs: defaultPeriodMs, repeat: false };
    }
  }

  #lengthMs(expression: Expression, word: string, leastMs: number): number {
    const { context } = this.#planning;
    const bound = new ExpressionBinder(new Scope([], []), context).bind(expression, { name: `EMIT ${word}`, aggregates: null });
    const interval = intervalOf(bound);
    if (interval === undefined)
      throw this.#error('PLAN_ARGUMENT_INVALID', `${word} takes an interval`, expression, 'such as 5s or INTERVAL 5 SECOND');
    const ms = Math.round(lengthMs(interval));
    if (ms < leastMs)
      throw this.#error('PLAN_ARGUMENT_INVALID', `${word} takes an interval of at least ${leastMs} ms, not ${ms} ms`, expression);
    return ms;
  }

  #error(code: Parameters<typeof planError>[0], message: string, node: { readonly start: number; readonly end: number }, hint?: string) {
    return planError(code, message, { source: this.#planning.context.source, node }, hint);
  }
}
