/** Bytes that are no message of Thrift's strict binary protocol, or none that was expected. The connection they came over is of no use any more. */
export class ThriftError extends Error {
  override readonly name = 'ThriftError';
}

/** The other side could not carry out a call at all: a method that it does not know, or arguments that it cannot read. */
export class ApplicationException extends Error {
  override readonly name = 'ApplicationException';
  /** As Thrift numbers them: 1 unknown method, 6 internal error, 7 protocol error. */
  readonly kind: number;

  constructor(kind: number, message: string) {
    super(message);
    this.kind = kind;
  }
}
