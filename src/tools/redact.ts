/** Replaces what must not leave the process in text: known secrets, and passwords inside URLs. */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** Names secrets to hide from now on. Values shorter than four characters are ignored: they would hide ordinary text. */
  add(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < 4) continue;
      for (const form of formsOf(secret)) {
        this.secrets.add(form);
        known.add(form);
      }
    }
  }

  /** Learns the credentials that proxy variables carry, whatever the case of their names. */
  addFromEnvironment(env: NodeJS.ProcessEnv): void {
    for (const [name, value] of Object.entries(env)) {
      if (!value || !/proxy$/i.test(name)) continue;
      const credentials = credentialsOf(value);
      const colon = credentials.indexOf(':');
      if (colon < 0) continue;
      const password = credentials.slice(colon + 1);
      this.add(credentials, password, decoded(password));
    }
  }

  redact(text: string): string {
    return hide(text, this.secrets);
  }
}

/**
 * Hides what any redactor of this process has learned, for a text that leaves the process and comes from no tool: what
 * the engine, Kubernetes or Node itself says of a failure.
 */
export function withoutSecrets(text: string): string {
  return hide(text, known);
}

/** Of all redactors. A secret stays one for as long as the process lives. */
const known = new Set<string>();

function hide(text: string, secrets: ReadonlySet<string>): string {
  // Longest first, so that a secret which contains another one disappears whole.
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  const clean = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  return clean.replace(URL_CREDENTIALS, '://***@');
}

/** As it is, as URLs write it, and as JSON and Go quote it. */
function formsOf(secret: string): string[] {
  const inUrls = encoded(secret);
  return [secret, JSON.stringify(secret).slice(1, -1), ...(inUrls === undefined ? [] : [inUrls])];
}

// Credentials end at the last `@` before the path: passwords with an unescaped `@` are common in proxy settings.
const URL_CREDENTIALS = /:\/\/[^\s/"']+@/g;

/** `user:password` of a proxy setting, with or without a scheme; the password may hold any character, unescaped. */
function credentialsOf(setting: string): string {
  const at = setting.lastIndexOf('@');
  return at < 0 ? '' : setting.slice(0, at).replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
}

function encoded(text: string): string | undefined {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair has no place in a URL.
    return undefined;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded: then it stands for itself.
    return undefined;
  }
}
