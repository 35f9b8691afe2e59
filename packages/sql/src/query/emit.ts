import type { Emit, EmitPolicy, Expression } from '../ast.ts';
import type { Parser } from '../parser.ts';

/**
 * EMIT in all its spellings: `STREAM`, one policy, a delay and a timeout, in any order.
 * Which of them go together is for the planner to say; that there is only one policy is grammar.
 */
export function parseEmit(p: Parser): Emit {
  return new EmitParser(p).parse();
}

const titles: Readonly<Record<EmitPolicy['kind'], string>> = {
  after_watermark: 'AFTER WATERMARK',
  periodic: 'PERIODIC',
  on_update: 'ON UPDATE',
  per_event: 'PER EVENT',
  changelog: 'CHANGELOG',
  last: 'LAST',
  after_key_expire: 'AFTER KEY EXPIRE',
};

class EmitParser {
  readonly #p: Parser;
  readonly #start: number;
  #policy: EmitPolicy | null = null;
  #delay: Expression | null = null;
  #timeout: Expression | null = null;

  constructor(p: Parser) {
    this.#p = p;
    this.#start = p.end - 'EMIT'.length;
  }

  parse(): Emit {
    const p = this.#p;
    const stream = p.accept('STREAM');
    const hasPart = this.#parsePart();
    if (!stream && !hasPart) p.unexpected();
    while (this.#parsePart());
    return { stream, policy: this.#policy, delay: this.#delay, timeout: this.#timeout, start: this.#start, end: p.end };
  }

  #parsePart(): boolean {
    return this.#parsePolicy() || this.#parseModifier();
  }

  #parsePolicy(): boolean {
    const p = this.#p;
    const connected = p.at('AND') ? 1 : 0;
    const token = p.peek(connected);
    const { start } = token;
    const policy = connected === 0 ? parsePolicy(p, start) : refuseSecondPolicy(p, this.#policy);
    if (policy === null) return false;
    if (this.#policy !== null) refuseBoth(p, this.#policy, policy);
    this.#policy = policy;
    return true;
  }

  /** `[WITH | AND] DELAY i` and `[WITH | AND] TIMEOUT i`. */
  #parseModifier(): boolean {
    const p = this.#p;
    const { token } = p;
    if (acceptConnected(p, 'DELAY')) this.#delay = this.#once('DELAY', token, this.#delay);
    else if (acceptConnected(p, 'TIMEOUT')) this.#timeout = this.#once('TIMEOUT', token, this.#timeout);
    else return false;
    return true;
  }

  #once(word: string, at: { start: number; end: number }, present: Expression | null): Expression {
    if (present !== null) throw this.#p.error(at, `${word} is written twice`);
    return parseIntervalValue(this.#p, word);
  }
}

function acceptConnected(p: Parser, word: string): boolean {
  return p.accept(word) || p.accept('AND', word) || p.accept('WITH', word);
}

const policyWords: ReadonlySet<string> = new Set(['PERIODIC', 'ON', 'PER', 'CHANGELOG', 'LAST', 'AFTER']);

/** `AND` joins a policy only to DELAY and TIMEOUT. */
function refuseSecondPolicy(p: Parser, first: EmitPolicy | null): null {
  const word = p.peek(1);
  if (first === null || !policyWords.has(word.key)) return null;
  p.notSupported(word, `EMIT ${titles[first.kind]} together with ${word.key} is not supported`, 'an EMIT has one policy');
}

function refuseBoth(p: Parser, first: EmitPolicy, second: EmitPolicy): never {
  p.notSupported(second, `EMIT ${titles[first.kind]} together with ${titles[second.kind]} is not supported`, 'an EMIT has one policy');
}

function parsePolicy(p: Parser, start: number): EmitPolicy | null {
  if (p.accept('AFTER', 'WATERMARK') || p.accept('AFTER', 'WINDOW', 'CLOSE')) return { kind: 'after_watermark', start, end: p.end };
  if (p.accept('AFTER', 'KEY', 'EXPIRE')) return parseKeyExpire(p, start);
  if (p.accept('PERIODIC')) {
    const interval = parseIntervalValue(p, 'PERIODIC');
    return { kind: 'periodic', interval, repeat: p.accept('REPEAT'), start, end: p.end };
  }
  if (p.accept('ON', 'UPDATE')) {
    const batch = p.accept('WITH', 'BATCH') ? parseIntervalValue(p, 'BATCH') : null;
    return { kind: 'on_update', batch, start, end: p.end };
  }
  if (p.accept('PER', 'EVENT')) return { kind: 'per_event', start, end: p.end };
  if (p.accept('CHANGELOG')) return { kind: 'changelog', start, end: p.end };
  return p.accept('LAST') ? parseLast(p, start) : null;
}

function parseLast(p: Parser, start: number): EmitPolicy {
  const interval = parseIntervalValue(p, 'LAST');
  const processingTime = p.accept('ON', 'PROCTIME');
  return { kind: 'last', interval, processingTime, start, end: p.end };
}

/** `AFTER KEY EXPIRE [IDENTIFIED BY e] WITH [ONLY] MAXSPAN i`. */
function parseKeyExpire(p: Parser, start: number): EmitPolicy {
  const identifiedBy = p.accept('IDENTIFIED', 'BY') ? p.operand() : null;
  p.expect('WITH');
  const only = p.accept('ONLY');
  p.expect('MAXSPAN');
  const maxSpan = parseIntervalValue(p, 'MAXSPAN');
  return { kind: 'after_key_expire', identifiedBy, only, maxSpan, start, end: p.end };
}

/** An interval or a parameter: a single operand, since AND goes on with the clause. */
function parseIntervalValue(p: Parser, of: string): Expression {
  const value = p.operand();
  if (value.kind === 'interval' || value.kind === 'placeholder') return value;
  const given = p.source.slice(value.start, value.end);
  throw p.error(value, `${of} takes an interval, not ${given}`, 'write 5s or INTERVAL 5 SECOND');
}
