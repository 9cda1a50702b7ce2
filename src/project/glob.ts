// Without regular expressions: what a repository's files say as a pattern may make those run for years.

/** Whether a name fits a pattern of `*` and `?`; takes time by the product of the lengths at most. */
export function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length;) {
    if (pattern[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === name[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Whether a path, with slashes, fits a pattern of names, of which `**` stands for any number. */
export function matchesPath(pattern: string, path: string): boolean {
  const names = path.split('/');
  // Which numbers of names the pattern, as far as it is read, may have taken.
  let taken = new Set([0]);
  for (const part of pattern.split('/')) {
    const next = new Set<number>();
    for (const count of taken) {
      const name = names[count];
      if (part === '**') for (let more = count; more <= names.length; more += 1) next.add(more);
      else if (name !== undefined && matchesName(part, name)) next.add(count + 1);
    }
    taken = next;
  }
  return taken.has(names.length);
}
