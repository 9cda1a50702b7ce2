/** An argument of `ARG`, `NAME` or `NAME=default`: what was given for it wins. */
export function declareArgument(
  word: string,
  given: Readonly<Record<string, string>>,
  variables: Map<string, string>,
): void {
  const [, name = '', , fallback] = /^([^=]+)(=(.*))?$/s.exec(word) ?? [];
  const chosen = Object.hasOwn(given, name) ? given[name] : undefined;
  const value = chosen ?? (fallback === undefined ? undefined : expandVariables(unquoted(fallback), variables));
  if (value !== undefined) variables.set(name, value);
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
}

/** What variables may add to one text, UTF-16 code units: more than any reference is long, and no bomb. */
const MAX_EXPANSION = 1024;

/** `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`, and both without the colon. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  let room = MAX_EXPANSION;
  return text.replace(
    // A word without braces: one that is never closed would be read to the end again and again.
    /\$(?:\{(\w+)(?:(:?[-+])([^{}]*))?\}|(\w+))/g,
    (_match, braced: string | undefined, operator: string | undefined, word: string | undefined, plain: string) => {
      const value = variables.get(braced ?? plain);
      const expanded = operator === undefined ? (value ?? '') : alternative(value, operator, word ?? '', variables);
      room -= expanded.length;
      return room < 0 ? '' : expanded;
    },
  );
}

function alternative(
  value: string | undefined,
  operator: string,
  word: string,
  variables: ReadonlyMap<string, string>,
): string {
  const counts = operator.startsWith(':') ? Boolean(value) : value !== undefined;
  if (operator.endsWith('-')) return counts ? (value ?? '') : expandVariables(word, variables);
  return counts ? expandVariables(word, variables) : '';
}
