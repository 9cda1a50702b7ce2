/** Replaces what must not leave the process in text: known secrets, and passwords inside URLs. */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** Names secrets to hide from now on. Values shorter than four characters are ignored: they would hide ordinary text. */
  add(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < 4) continue;
      this.secrets.add(secret);
      const inUrls = encoded(secret);
      if (inUrls !== undefined) this.secrets.add(inUrls);
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
    // Longest first, so that a secret which contains another one disappears whole.
    const secrets = [...this.secrets].sort((a, b) => b.length - a.length);
    const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    return clean.replace(URL_CREDENTIALS, '://***@');
  }
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
