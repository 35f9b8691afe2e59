import type { Session } from '../client/session.ts';

export interface PoolLimits {
  /** As many sessions are opened before calls are put behind each other. */
  readonly core: number;
  /** As many are opened when each of those has `depth` calls under way. */
  readonly max: number;
  /** Most calls under way on one connection. */
  readonly depth: number;
}

/** Sessions for calls at once. Those that are lost are forgotten, and replaced when they are missed. */
export class SessionPool {
  readonly #open: () => Promise<Session>;
  readonly #limits: PoolLimits;
  /** Calls under way on each. */
  readonly #busy = new Map<Session, number>();
  readonly #waiting: (() => void)[] = [];
  #opening = 0;

  constructor(open: () => Promise<Session>, limits: PoolLimits) {
    this.#open = open;
    this.#limits = limits;
  }

  get size(): number {
    return this.#busy.size;
  }

  /** Gives it a session that is open already. */
  add(session: Session): void {
    this.#busy.set(session, 0);
  }

  /** Makes a call on a session that has room for it. */
  async use<T>(call: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#acquire();
    try {
      return await call(session);
    } finally {
      this.#release(session);
    }
  }

  /** Says goodbye on all sessions. */
  async close(): Promise<void> {
    await Promise.all([...this.#busy.keys()].map((session) => session.close()));
    this.#busy.clear();
  }

  /** Closes all connections at once: what is under way fails. */
  destroy(): void {
    for (const session of this.#busy.keys()) session.destroy();
    this.#busy.clear();
  }

  async #acquire(): Promise<Session> {
    for (;;) {
      const session = this.#leastBusy();
      const busy = session === undefined ? Number.POSITIVE_INFINITY : this.#busy.get(session)!;
      const count = this.#busy.size + this.#opening;
      const { core, max, depth } = this.#limits;
      if (busy > 0 && count < (busy < depth ? core : max)) return this.#openOne(session);
      if (session !== undefined && busy < depth) return this.#take(session);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #leastBusy(): Session | undefined {
    let best: Session | undefined;
    for (const [session, busy] of this.#busy) {
      if (!session.isOpen) this.#busy.delete(session);
      else if (best === undefined || busy < this.#busy.get(best)!) best = session;
    }
    return best;
  }

  /** @param spare is used instead if the server takes no more sessions */
  async #openOne(spare: Session | undefined): Promise<Session> {
    this.#opening++;
    try {
      const session = await this.#open();
      this.#busy.set(session, 0);
      return this.#take(session);
    } catch (failure) {
      if (spare?.isOpen !== true) throw failure;
      return this.#take(spare);
    } finally {
      this.#opening--;
      this.#wake();
    }
  }

  #take(session: Session): Session {
    this.#busy.set(session, (this.#busy.get(session) ?? 0) + 1);
    return session;
  }

  #release(session: Session): void {
    const busy = this.#busy.get(session);
    if (busy !== undefined) this.#busy.set(session, busy - 1);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
