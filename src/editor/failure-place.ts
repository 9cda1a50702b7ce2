import { startOfFile, type Failure } from '../base';

const places = new WeakMap<Failure, string>();

/** The same for failures of one kind at one place; it is asked for at each change, of each pod that fails. */
export function placeOf(failure: Failure): string {
  const known = places.get(failure);
  if (known !== undefined) return known;
  const { code, range: { file, start, end } = startOfFile('') } = failure;
  const place = [code, file, start.line, start.column, end.line, end.column].join('\n');
  places.set(failure, place);
  return place;
}
