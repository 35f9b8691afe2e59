/** What comes of a message of a client that authenticates itself. */
export type Outcome =
  | { readonly kind: 'challenge'; readonly reply: Buffer }
  | { readonly kind: 'accepted'; readonly reply: Buffer; readonly user: string }
  /** @property reason for the broker's log; the client is told no more than that it is refused. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The broker's side of one authentication. */
export interface Exchange {
  /** Takes the client's next message. */
  evaluate(message: Buffer): Outcome | Promise<Outcome>;
}
