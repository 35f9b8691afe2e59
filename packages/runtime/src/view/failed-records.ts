import type { MillraceError } from '@millrace/core';

/** Records on which an operator has failed: they are refused when the view comes to them again. */
export class FailedRecords {
  readonly #reasons = new Map<string, Map<number, string>>();

  /** Notes the record that an error tells of. False if it tells of none, or of one that was noted already. */
  note({ code, message, details }: MillraceError): boolean {
    const { topic, partition, offset } = details as { topic?: string; partition?: number; offset?: number };
    if (!code.startsWith('DATA_') || topic === undefined || partition === undefined || offset === undefined) return false;
    const key = `${partition}@${topic}`;
    const reasons = this.#reasons.get(key) ?? new Map<number, string>();
    if (reasons.has(offset)) return false;
    this.#reasons.set(key, reasons.set(offset, message));
    return true;
  }

  of(topic: string, partition: number): ReadonlyMap<number, string> | undefined {
    return this.#reasons.get(`${partition}@${topic}`);
  }

  /** Forgets those that are behind a position. */
  forgetBefore(topic: string, partition: number, offset: number): void {
    const reasons = this.#reasons.get(`${partition}@${topic}`);
    for (const failed of [...(reasons?.keys() ?? [])]) if (failed < offset) reasons!.delete(failed);
    if (reasons?.size === 0) this.#reasons.delete(`${partition}@${topic}`);
  }
}
