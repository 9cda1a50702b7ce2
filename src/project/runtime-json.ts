import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceRange } from '../base';
import type { Findings } from './findings';
import { parseJson } from './json-text';
import { asString, describeKind, itemsOf, member, stringAt, type LocatedNode, type ScalarNode } from './located-tree';
import { closest, isDnsLabel } from './names';
import { displayPath, leadsOut, resolveInside, type PathSetting } from './paths';
import { defaultServices, SERVICE_DEFAULTS } from './service-defaults';
import { assignPorts, type WantedPort } from './service-ports';
import { kindOf, linkProblem, MAX_FILE_SIZE, readTextFile } from './text-file';
import type { Service } from './types';
import type { PortSetting } from './vapp-yaml';

export const RUNTIME_FILE = 'runtime.json';

export interface ServicesRequest {
  readonly root: string;
  /** The file that vapp.yaml names. */
  readonly setting: PathSetting | undefined;
  /** Ports that vapp.yaml publishes besides. */
  readonly published: readonly PortSetting[];
}

/** Reads the runtime services: those of runtime.json, else an MQTT broker and a databroker. */
export async function readServices(request: ServicesRequest, findings: Findings): Promise<readonly Service[]> {
  const { root, setting } = request;
  if (setting === 'invalid') return defaultServices();
  const file = setting?.value ?? join(root, RUNTIME_FILE);
  const source = await readTextFile(file, findings);
  if (source === 'missing') {
    if (setting) {
      findings.error(setting.range, {
        code: 'services-file-missing',
        message: `There is no ${displayPath(root, file)}.`,
      });
    }
    return assignPorts(defaultServices(), request.published, findings);
  }
  if (source === 'unusable') return [];
  const tree = parseJson(source, findings);
  if (!tree) return [];
  if (tree.kind !== 'list') {
    findings.error(tree.range, {
      code: 'services-invalid',
      message: `The services must be a list, not ${describeKind(tree)}.`,
    });
    return [];
  }
  const services: Service[] = [];
  for (const item of tree.items) {
    const service = await readService(root, item, services, findings);
    if (service) services.push(service);
  }
  return assignPorts(services, request.published, findings);
}

async function readService(
  root: string,
  item: LocatedNode,
  others: readonly Service[],
  findings: Findings,
): Promise<Service | undefined> {
  const id = stringAt(item, 'id');
  if (!id?.range) {
    findings.error(member(item, 'id')?.range ?? item.range, {
      code: 'service-id',
      message: 'A service needs an "id", a string.',
    });
    return undefined;
  }
  if (!isDnsLabel(id.value)) {
    findings.error(id.range, {
      code: 'service-id',
      message: `"${id.value}" cannot name a service.`,
      hint: 'Use lower-case letters, digits and dashes, at most 63, beginning and ending with a letter or digit.',
    });
    return undefined;
  }
  if (others.some((other) => other.id === id.value)) {
    findings.error(id.range, { code: 'service-twice', message: `The service "${id.value}" is listed twice.` });
    return undefined;
  }
  const config = new ServiceConfig(root, findings);
  for (const entry of configEntries(item, findings)) await config.take(entry);
  return config.toService(id.value, id.range, readInterfaces(item, findings));
}

interface ConfigEntry {
  readonly key: string;
  readonly keyRange: SourceRange;
  readonly value: ScalarNode;
}

function configEntries(item: LocatedNode, findings: Findings): ConfigEntry[] {
  const config = member(item, 'config');
  if (!config) return [];
  if (config.kind !== 'list') {
    findings.error(config.range, {
      code: 'service-config',
      message: `"config" must be a list of keys and values, not ${describeKind(config)}.`,
    });
  }
  const entries = itemsOf(config).flatMap((entry) => {
    const key = member(entry, 'key');
    const value = member(entry, 'value');
    const name = asString(key);
    if (key && name && value?.kind === 'scalar' && value.value !== null) {
      return [{ key: name.value, keyRange: key.range, value }];
    }
    findings.error(entry.range, {
      code: 'service-config',
      message: 'A configuration entry needs a "key" and a "value", the value being a string, a number or a boolean.',
    });
    return [];
  });
  // A disabled service is not started, so that nothing else in it can be wrong.
  const disabled = entries.filter((entry) => entry.key === 'enabled' && entry.value.text.toLowerCase() === 'false');
  return disabled.length > 0 ? disabled : entries;
}

function readInterfaces(item: LocatedNode, findings: Findings): string[] | undefined {
  const node = member(item, 'interfaces');
  if (!node) return undefined;
  if (node.kind !== 'list') {
    findings.warning(node.range, { code: 'service-interfaces', message: '"interfaces" must be a list of strings.' });
  }
  return itemsOf(node).flatMap((entry) => asString(entry)?.value ?? []);
}

/** Keys that Velocitas' own runtimes read and this one has no use for: readiness is Kubernetes' to tell. */
const UNUSED_KEYS: readonly string[] = ['start-pattern', 'no-dapr'];

/** Collects the configuration of one service; repeated keys accumulate, save where only one can be. */
class ServiceConfig {
  private enabled = true;
  private image: string | undefined;
  private readonly args: string[] = [];
  private readonly env = new Map<string, string>();
  private readonly mounts: { source: string; target: string }[] = [];
  private readonly ports: WantedPort[] = [];

  constructor(
    private readonly root: string,
    private readonly findings: Findings,
  ) {}

  async take(entry: ConfigEntry): Promise<void> {
    const { key, value } = entry;
    if (UNUSED_KEYS.includes(key)) return;
    if (value.text.includes('${{') && KNOWN_KEYS.includes(key)) {
      this.findings.warning(value.range, {
        code: 'service-placeholder',
        message: `Only Velocitas' own CLI can fill in "${value.text}"; this "${key}" is left out.`,
        hint: 'Write the value out.',
      });
      return;
    }
    switch (key) {
      case 'enabled':
        this.takeEnabled(value);
        return;
      case 'image':
        this.takeImage(value);
        return;
      case 'arg':
        this.args.push(value.text);
        return;
      case 'env':
        this.takeEnv(value);
        return;
      case 'mount':
        await this.takeMount(value);
        return;
      case 'port':
        this.takePort(value);
        return;
      case 'port-forward':
        this.takePortForward(value);
        return;
      default:
        this.reportUnknownKey(entry);
    }
  }

  /** @returns undefined when nobody says which image to run. */
  toService(id: string, range: SourceRange, interfaces: readonly string[] | undefined): Service | undefined {
    const defaults = SERVICE_DEFAULTS.get(id);
    const image = this.image ?? defaults?.image;
    if (image === undefined && this.enabled) {
      this.findings.error(range, {
        code: 'service-image-missing',
        message: `The service "${id}" names no image, and there is no default for it.`,
        hint: 'Add { "key": "image", "value": "…" } to its "config".',
      });
      return undefined;
    }
    const ownsImage = this.image !== undefined;
    return {
      id,
      enabled: this.enabled,
      image: image ?? '',
      // Another image may want other arguments, so that the default ones go with the default image only.
      args: this.args.length > 0 || ownsImage ? this.args : (defaults?.args ?? []),
      env: { ...(ownsImage ? {} : defaults?.env), ...Object.fromEntries(this.env) },
      ports: this.withDefaultPorts(defaults?.ports ?? []),
      mounts: this.mounts,
      interfaces: interfaces ?? defaults?.interfaces ?? [],
      range,
    };
  }

  /** Known ports keep their node port; the file's own come in its order and may wish for another port on localhost. */
  private withDefaultPorts(defaults: readonly WantedPort[]): WantedPort[] {
    if (this.ports.length === 0) return [...defaults];
    return this.ports.map((port) => ({
      ...defaults.find((known) => known.container === port.container),
      ...port,
    }));
  }

  private takeEnabled(value: ScalarNode): void {
    const text = value.text.toLowerCase();
    if (text === 'true' || text === 'false') this.enabled = text === 'true';
    else this.invalid(value, '"enabled" must be true or false.');
  }

  private takeImage(value: ScalarNode): void {
    if (typeof value.value === 'string' && IMAGE.test(value.value)) this.image = value.value;
    else this.invalid(value, 'The name of an image is expected here.');
  }

  private takeEnv(value: ScalarNode): void {
    const equals = value.text.indexOf('=');
    if (equals > 0) this.env.set(value.text.slice(0, equals), value.text.slice(equals + 1));
    else this.invalid(value, 'An environment variable is written NAME=value.');
  }

  private async takeMount(value: ScalarNode): Promise<void> {
    const colon = value.text.lastIndexOf(':');
    const target = value.text.slice(colon + 1);
    if (colon <= 0 || !target.startsWith('/')) {
      this.invalid(value, 'A mount is written source:target, the target being an absolute path in the container.');
      return;
    }
    const named = { value: value.text.slice(0, colon), range: value.range };
    const source = resolveInside(this.root, named, this.findings);
    if (source === 'invalid') return;
    this.findings.watch(source.value);
    const problem = await problemOfMount(this.root, source.value);
    if (problem !== undefined) this.findings.error(value.range, { code: 'service-mount', message: problem });
    else if (await leadsOut(this.findings.boundary, source.value)) {
      this.findings.error(value.range, linkProblem(displayPath(this.root, source.value)));
    } else this.mounts.push({ source: source.value, target });
  }

  private takePort(value: ScalarNode): void {
    const container = portOf(value.text);
    if (container === undefined) this.invalid(value, 'A port is a number from 1 to 65535.');
    else this.port(container);
  }

  private takePortForward(value: ScalarNode): void {
    const parts = value.text.split(':');
    const host = portOf(parts[0] ?? '');
    const container = portOf(parts.at(-1) ?? '');
    if (parts.length > 2 || host === undefined || container === undefined) {
      this.invalid(value, 'A forwarded port is written host:container, both from 1 to 65535.');
      return;
    }
    this.port(container).host = host;
  }

  private port(container: number): WantedPort {
    const known = this.ports.find((port) => port.container === container);
    if (known) return known;
    const port = { container };
    this.ports.push(port);
    return port;
  }

  private invalid(value: ScalarNode, message: string): void {
    this.findings.error(value.range, { code: 'service-config', message });
  }

  private reportUnknownKey(entry: ConfigEntry): void {
    const suggestion = closest(entry.key, KNOWN_KEYS);
    this.findings.warning(entry.keyRange, {
      code: 'service-unknown-key',
      message: `The key "${entry.key}" is not known and has no effect.`,
      hint: suggestion === undefined ? `Known keys are ${KNOWN_KEYS.join(', ')}.` : `Did you mean "${suggestion}"?`,
    });
  }
}

/** What can be a reference to an image, and no part of another request to the engine, nor an option of a tool. */
const IMAGE = /^[A-Za-z0-9[][\w.:@/[\]-]*$/;

const KNOWN_KEYS: readonly string[] = ['enabled', 'image', 'arg', 'env', 'mount', 'port', 'port-forward'];

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

async function problemOfMount(root: string, file: string): Promise<string | undefined> {
  const shown = displayPath(root, file);
  const kind = await kindOf(file);
  if (kind === undefined) return `There is no ${shown} to mount.`;
  if (kind !== 'file') return `${shown} is not a file, and only files can be mounted.`;
  return (await stat(file)).size > MAX_FILE_SIZE ? `${shown} is larger than 1 MiB and cannot be mounted.` : undefined;
}
