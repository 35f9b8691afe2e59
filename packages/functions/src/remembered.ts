const capacity = 256;

/** `compute` with its last results remembered by argument: for patterns that are columns. Forgets all at the bound. */
export function remembered<Result>(compute: (text: string) => Result): (text: string) => Result {
  const results = new Map<string, Result>();
  return (text) => {
    let result = results.get(text);
    if (result === undefined) {
      if (results.size >= capacity) results.clear();
      results.set(text, (result = compute(text)));
    }
    return result;
  };
}
