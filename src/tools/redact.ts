/** Replaces what must not leave the process in text: known secrets, and passwords inside URLs. */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** Names secrets to hide from now on. Values shorter than four characters are ignored: they would hide ordinary text. */
  add(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined || secret.length < 4) continue;
      this.secrets.add(secret);
      const encoded = encodeURIComponent(secret);
      if (encoded !== secret) this.secrets.add(encoded);
    }
  }

  /** Learns the credentials that proxy variables carry, in either case, and those in registry passwords. */
  addFromEnvironment(env: NodeJS.ProcessEnv): void {
    for (const [name, value] of Object.entries(env)) {
      if (!value || !/proxy$/i.test(name)) continue;
      const credentials = URL_CREDENTIALS_ONCE.exec(value)?.[2];
      if (!credentials) continue;
      this.add(credentials, credentials.slice(credentials.indexOf(':') + 1));
    }
  }

  redact(text: string): string {
    let clean = text.replace(URL_CREDENTIALS, '$1***@');
    // Longest first, so that a secret which contains another one disappears whole.
    for (const secret of [...this.secrets].sort((a, b) => b.length - a.length)) {
      clean = clean.replaceAll(secret, '***');
    }
    return clean;
  }
}

// Credentials end at the last `@` before the path: passwords with an unescaped `@` are common in proxy settings.
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)([^\s/"']+)@/gi;
const URL_CREDENTIALS_ONCE = new RegExp(URL_CREDENTIALS.source, 'i');
