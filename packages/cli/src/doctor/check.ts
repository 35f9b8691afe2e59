/** What a check has found. */
export interface Finding {
  readonly check: string;
  /** `warning`: works, but somebody should look at it. */
  readonly state: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Runs a check; what it throws is what it has found. */
export async function finding(check: string, run: () => Promise<Omit<Finding, 'check'>>): Promise<Finding> {
  try {
    return { check, ...(await run()) };
  } catch (error) {
    const { message, hint } = error as { readonly message?: string; readonly hint?: string };
    return { check, state: 'failed', detail: message ?? String(error), ...(hint !== undefined && { hint }) };
  }
}
