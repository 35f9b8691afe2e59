/** The text of an expression: a JavaScript expression whose value follows the conventions of kernels. */
export interface Written {
  readonly text: string;
  /** True if the value may be null. */
  readonly nullable: boolean;
  /** True for a plain variable or literal, which may stand more than once. */
  readonly atomic: boolean;
}
