import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { parse, type ParseError } from 'jsonc-parser';
import { Failure, messageOf, startOfFile, type SourceRange } from '../base';

/** What a machine, such as a devcontainer, has been set up with for every repository on it. */
export interface MachineSettings {
  /** The node image where `vapp.yaml` names none. */
  readonly k3sImage?: string;
  /** Absolute path of a PEM file: certificate authorities that the cluster's nodes trust in addition. */
  readonly caCertificate?: string;
  /** Absolute path of a bundle that holds the images a run needs. */
  readonly bundle?: string;
}

/** Settings of the machine, and the environment that they complete. */
export interface Machine {
  readonly settings: MachineSettings;
  /** With the proxies of the machine, where it names none itself. */
  readonly env: NodeJS.ProcessEnv;
}

/** Where the devcontainer Feature writes the settings of the machine. */
export const MACHINE_SETTINGS_FILE = '/etc/velocitas/vapp.json';

const VARIABLES = {
  k3sImage: 'VAPP_K3S_IMAGE',
  caCertificate: 'VAPP_CA_CERTIFICATE',
  bundle: 'VAPP_BUNDLE',
} as const satisfies Record<keyof MachineSettings, string>;

const PROXY_VARIABLES = { http: 'HTTP_PROXY', https: 'HTTPS_PROXY', no: 'NO_PROXY' } as const;

/**
 * Reads the settings of this machine: `/etc/velocitas/vapp.json`, or the file that `VAPP_MACHINE_SETTINGS` names. It is
 * JSON with the keys of {@link MachineSettings} and `proxy` (`http`, `https`, `no`), each optional; keys that are not
 * known are left alone. The environment wins over the file.
 *
 * @throws Failure `machine-settings-invalid`; `machine-settings-missing` for a file that was named.
 */
export async function readMachine(env: NodeJS.ProcessEnv): Promise<Machine> {
  const source = new SettingsSource(env['VAPP_MACHINE_SETTINGS'] || MACHINE_SETTINGS_FILE);
  const content = await source.read(Boolean(env['VAPP_MACHINE_SETTINGS']));
  const proxy = source.record(content['proxy'], 'proxy');
  const settings: { -readonly [K in keyof MachineSettings]: MachineSettings[K] } = {};
  for (const key of ['k3sImage', 'caCertificate', 'bundle'] as const) {
    const value = env[VARIABLES[key]] || source.text(content[key], key);
    if (value !== undefined && key !== 'k3sImage' && !isAbsolute(value)) throw source.relative(key, value, env);
    if (value !== undefined) settings[key] = value;
  }
  const added: Record<string, string> = {};
  for (const [key, name] of Object.entries(PROXY_VARIABLES)) {
    const value = source.text(proxy[key], `proxy.${key}`);
    if (value === undefined || env[name] || env[name.toLowerCase()]) continue;
    // Some programs read one of the two, some the other.
    added[name] = value;
    added[name.toLowerCase()] = value;
  }
  return { settings, env: Object.keys(added).length === 0 ? env : { ...env, ...added } };
}

/** Names of this environment that are not to be asked by a proxy. Without a proxy nothing needs to be exempted. */
export function withoutProxyFor(env: NodeJS.ProcessEnv, hosts: readonly string[]): NodeJS.ProcessEnv {
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  if (!proxies.some((name) => env[name])) return env;
  const exempt = [...new Set([env['NO_PROXY'] || env['no_proxy'] || '', ...hosts])].filter(Boolean).join(',');
  return { ...env, NO_PROXY: exempt, no_proxy: exempt };
}

type Content = Readonly<Record<string, unknown>>;

class SettingsSource {
  constructor(private readonly file: string) {}

  async read(wanted: boolean): Promise<Content> {
    let text: string;
    try {
      text = await readFile(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw this.invalid(messageOf(error), error);
      if (wanted) throw this.missing();
      return {};
    }
    const errors: ParseError[] = [];
    const content: unknown = parse(text, errors, { disallowComments: true });
    const [error] = errors;
    // Nothing of the text itself: it may hold the password of a proxy.
    if (error) throw this.invalid('it is not valid JSON', undefined, placeIn(this.file, text, error.offset));
    return this.record(content, 'the whole');
  }

  record(value: unknown, what: string): Content {
    if (value === undefined) return {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.invalid(`${what} is no object`);
    return value as Content;
  }

  /** A text that says something; an empty one, as an option left open gives, says nothing. */
  text(value: unknown, key: string): string | undefined {
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string') throw this.invalid(`"${key}" is no text`);
    return value;
  }

  relative(key: 'caCertificate' | 'bundle', value: string, env: NodeJS.ProcessEnv): Failure {
    return env[VARIABLES[key]]
      ? new Failure({
          code: 'machine-settings-invalid',
          fault: 'environment',
          summary: `${VARIABLES[key]} names ${value}, which is no absolute path.`,
          nextSteps: ['Name the file from the root of the file system.'],
        })
      : this.invalid(`"${key}" names ${value}, which is no absolute path`);
  }

  private missing(): Failure {
    return new Failure({
      code: 'machine-settings-missing',
      fault: 'environment',
      summary: `There is no ${this.file}, which VAPP_MACHINE_SETTINGS names.`,
      nextSteps: ['Correct the variable, or unset it.'],
    });
  }

  private invalid(reason: string, cause?: unknown, range = startOfFile(this.file)): Failure {
    return new Failure({
      code: 'machine-settings-invalid',
      fault: 'environment',
      summary: `The settings of this machine, ${this.file}, cannot be used: ${reason}.`,
      range,
      nextSteps: ['Correct the file, or remove it: it is optional.'],
      cause,
    });
  }
}

function placeIn(file: string, text: string, offset: number): SourceRange {
  const before = text.slice(0, offset).split('\n');
  const position = { line: before.length, column: (before.at(-1) ?? '').length + 1 };
  return { file, start: position, end: position };
}
