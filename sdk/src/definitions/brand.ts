/** Marks what a `define…` function has made, in every copy of the SDK. */
export const brand: unique symbol = Symbol.for('millrace.plugin');

/** The major version of the SDK that made a definition. */
export const majorVersion = 1;
