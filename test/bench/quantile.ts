/**
 * The value below which a part of all values lies: 0.5 is the median.
 *
 * @throws RangeError when there are none.
 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  if (value === undefined) throw new RangeError('no measurements');
  return value;
}
