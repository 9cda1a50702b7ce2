/**
 * Runs works side by side. The first failure aborts the others; it is thrown when all have come to rest, so that
 * nothing goes on behind the caller's back.
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  works: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> | T[K] },
): Promise<T> {
  const group = new AbortController();
  const failures: unknown[] = [];
  const results = await Promise.all(
    works.map(async (work) => {
      try {
        return await work(AbortSignal.any([signal, group.signal]));
      } catch (error) {
        failures.push(error);
        group.abort();
        return undefined;
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return results as unknown as T;
}
