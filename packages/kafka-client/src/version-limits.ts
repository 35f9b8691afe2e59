/** The versions of an API that a caller can use, where not all will do. */
export interface VersionLimits {
  readonly min?: number;
  readonly max?: number;
}
