import type { Values } from './values';

/**
 * The values of a chart whose names say that they are secrets, so that no output shows them. What only names a secret of
 * Kubernetes, as `existingSecret` does, is told on.
 */
export function secretsIn(values: unknown): string[] {
  if (Array.isArray(values)) return values.flatMap(secretsIn);
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values as Values).flatMap(([key, value]) =>
    typeof value === 'string' ? (SECRET_KEY.test(key) ? [value] : []) : secretsIn(value),
  );
}

const SECRET_KEY =
  /(passw(or)?d|passphrase|token|(client|shared)[-_]?secret|(api|access|private)[-_]?key|credentials)$/i;
