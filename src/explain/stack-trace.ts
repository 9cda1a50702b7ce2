import { findLocations, type Location } from './locations';

/**
 * The places that an app's last lines name, the likeliest cause first: where a stack trace begins at the outermost
 * call, as Python's does, that is the last one.
 */
export function placesOfFailure(lines: readonly string[]): readonly Location[] {
  const places = lines.flatMap((line) => findLocations(line));
  return lines.some((line) => line.startsWith(OUTERMOST_FIRST)) ? places.reverse() : places;
}

const OUTERMOST_FIRST = 'Traceback (most recent call last)';
