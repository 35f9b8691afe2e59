/** Which log a committed offset is of, and where history ended in it: kept beside the offset, so that a topic made anew is not taken for the old one. */
export interface LogMark {
  readonly topicId: string;
  /** Records before it are history. */
  readonly boundary: number;
}

/** As a group keeps it. */
export function logMarkText({ topicId, boundary }: LogMark): string {
  return `${topicId} ${boundary}`;
}

/** Undefined for what is none: others may have committed. */
export function readLogMark(text: string | undefined): LogMark | undefined {
  const [, topicId, boundary] = /^(\S+) (\d+)$/.exec(text ?? '') ?? [];
  return topicId === undefined ? undefined : { topicId, boundary: Number(boundary) };
}
