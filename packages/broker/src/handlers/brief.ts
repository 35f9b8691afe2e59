const lengthMax = 1000;

/** A message that fits into an answer, however long what it quotes: strings of older versions have 32,767 bytes at most. */
export function brief<T extends string | null>(message: T): T | string {
  return message === null || message.length <= lengthMax ? message : `${message.slice(0, lengthMax)}…`;
}
