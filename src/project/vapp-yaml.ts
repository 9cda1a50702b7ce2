import { join } from 'node:path';
import type { SourceRange } from '../base';
import type { Findings } from './findings';
import {
  entriesOf,
  integerAt,
  itemsOf,
  member,
  memberAt,
  plainValue,
  asString,
  stringAt,
  type LocatedNode,
} from './located-tree';
import { MAX_APPS } from './manifest';
import { resolveInside, type PathSetting } from './paths';
import { readTextFile } from './text-file';
import { buildSettings, remoteSettings } from './remote-settings';
import type { BuildSettings, ImageValues, LiveUpdateSettings, Located, RemoteSettings } from './types';
import { checkAgainstSchema } from './vapp-schema';
import { parseYaml } from './yaml-text';

export const VAPP_FILE = 'vapp.yaml';

/** What vapp.yaml says; what it leaves open is absent. */
export interface VappSettings {
  readonly apps?: readonly AppSettings[];
  readonly build: BuildSettings;
  readonly remote: RemoteSettings;
  readonly k3sImage?: Located<string>;
  readonly agents?: number;
  readonly ports: readonly PortSetting[];
  readonly services?: PathSetting;
}

/** What a file says that says nothing. */
export const NO_SETTINGS: VappSettings = { build: { cacheFrom: [] }, remote: { contexts: [] }, ports: [] };

export interface AppSettings {
  readonly range: SourceRange;
  readonly name?: Located<string>;
  readonly manifest?: PathSetting;
  readonly dockerfile?: PathSetting;
  readonly context?: PathSetting;
  readonly target?: Located<string>;
  readonly testTarget?: Located<string>;
  readonly liveUpdate?: LiveUpdateSettings;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly port?: number;
  readonly namespace?: string;
  readonly chart?: ChartSettings;
}

export interface ChartSettings {
  readonly path?: PathSetting;
  readonly valuesFiles: readonly PathSetting[];
  readonly values: Readonly<Record<string, unknown>>;
  /** The map `values` as it is written. */
  readonly valuesNode?: LocatedNode;
  readonly range: SourceRange;
  readonly image?: ImageValues;
  readonly environment?: string;
}

export interface PortSetting {
  readonly host: number;
  readonly node: number;
  readonly range: SourceRange;
}

/**
 * Reads vapp.yaml. Values of the wrong kind are reported by the schema and then left out, so that the rest of the file
 * still counts. `unusable`: there is a file, but nothing in it can be told.
 */
export async function readVappFile(root: string, findings: Findings): Promise<VappSettings | 'missing' | 'unusable'> {
  const source = await readTextFile(join(root, VAPP_FILE), findings);
  if (typeof source === 'string') return source;
  const tree = parseYaml(source, findings, { uniqueKeys: true });
  if (!tree) return 'unusable';
  if (tree.kind === 'scalar' && tree.value === null) return NO_SETTINGS;
  await checkAgainstSchema(tree, findings);
  if (tree.kind !== 'map') return 'unusable';

  const reader = new SettingsReader(root, findings);
  const apps = member(tree, 'apps');
  const runtime = member(tree, 'runtime');
  return {
    ...(apps
      ? {
          apps: itemsOf(apps)
            .slice(0, MAX_APPS)
            .map((app) => reader.app(app)),
        }
      : {}),
    build: buildSettings(member(tree, 'build')),
    remote: remoteSettings(member(tree, 'remote'), findings),
    ...present({
      k3sImage: stringAt(runtime, 'k3sImage'),
      agents: integerAt(runtime, 'agents')?.value,
      services: reader.path(member(runtime, 'services')),
    }),
    ports: reader.ports(member(runtime, 'ports')),
  };
}

class SettingsReader {
  constructor(
    private readonly root: string,
    private readonly findings: Findings,
  ) {}

  app(node: LocatedNode): AppSettings {
    const platforms = member(node, 'platforms');
    return {
      range: node.range,
      buildArgs: Object.fromEntries(
        entriesOf(member(node, 'buildArgs')).flatMap(({ key, value }) =>
          value.kind === 'scalar' ? [[key, value.text]] : [],
        ),
      ),
      ...present({
        name: nonBlank(stringAt(node, 'name')),
        manifest: this.path(member(node, 'manifest')),
        dockerfile: this.path(member(node, 'dockerfile')),
        context: this.path(member(node, 'context')),
        target: stringAt(node, 'target'),
        testTarget: stringAt(node, 'testTarget'),
        liveUpdate: this.liveUpdate(member(node, 'liveUpdate')),
        platforms: platforms && itemsOf(platforms).flatMap((item) => asString(item)?.value ?? []),
        port: integerAt(node, 'port')?.value,
        namespace: stringAt(node, 'namespace')?.value,
        chart: this.chart(member(node, 'chart')),
      }),
    };
  }

  path(node: LocatedNode | undefined): PathSetting | undefined {
    if (!node) return undefined;
    const named = asString(node);
    if (!named) return 'invalid';
    return resolveInside(this.root, { value: named.value, range: node.range }, this.findings);
  }

  ports(node: LocatedNode | undefined): PortSetting[] {
    return itemsOf(node).flatMap((item) => {
      const host = integerAt(item, 'host');
      const port = integerAt(item, 'node');
      return host && port ? [{ host: host.value, node: port.value, range: item.range }] : [];
    });
  }

  private liveUpdate(node: LocatedNode | undefined): LiveUpdateSettings | undefined {
    if (!node) return undefined;
    const sync = member(node, 'sync');
    const rules = itemsOf(sync)
      .slice(0, MAX_SYNC)
      .flatMap((item) => {
        const from = this.path(member(item, 'from'));
        const to = stringAt(item, 'to')?.value.replace(/\/+$/, '');
        return from === undefined || from === 'invalid' || !to ? [] : [{ from: from.value, to }];
      });
    const restart = member(node, 'restart');
    const seconds = integerAt(node, 'stopSeconds')?.value;
    return {
      restart: !(restart?.kind === 'scalar' && restart.value === false),
      ...(seconds === undefined ? {} : { stopMs: seconds * 1000 }),
      ...(sync ? { sync: rules } : {}),
    };
  }

  private chart(node: LocatedNode | undefined): ChartSettings | undefined {
    if (!node) return undefined;
    const image = member(node, 'image');
    return {
      valuesFiles: itemsOf(member(node, 'valuesFiles'))
        .slice(0, MAX_VALUES_FILES)
        .flatMap((item) => this.path(item) ?? []),
      values: dottedValues(member(node, 'values')),
      range: node.range,
      ...present({
        valuesNode: member(node, 'values'),
        path: this.path(member(node, 'path')),
        image: image && this.imageValues(image),
        environment: stringAt(node, 'environment')?.value,
      }),
    };
  }

  private imageValues(node: LocatedNode): ImageValues {
    return Object.fromEntries(
      IMAGE_PARTS.flatMap((part) => {
        const path = memberAt(node, [part]);
        const value = path && asString(path);
        return value ? [[part, value.value]] : [];
      }),
    );
  }
}

/** As many as the schema allows. */
const MAX_SYNC = 50;

/** As many as the schema allows: each is read for each app. */
const MAX_VALUES_FILES = 20;

const IMAGE_PARTS = ['repository', 'digest', 'tag', 'reference', 'pullPolicy'] as const;

/**
 * Values by dotted path, whether written nested or dotted. A map that has a key with a dot below its first level stays
 * whole, because there the dot belongs to the key, as in the name of an annotation.
 */
function dottedValues(node: LocatedNode | undefined): Record<string, unknown> {
  return Object.fromEntries(entriesOf(node).flatMap((entry) => flatten(entry.key, entry.value)));
}

function flatten(path: string, node: LocatedNode): [string, unknown][] {
  const entries = entriesOf(node);
  const isWhole = entries.length === 0 || hasDottedKey(node);
  return isWhole
    ? [[path, plainValue(node)]]
    : entries.flatMap((entry) => flatten(`${path}.${entry.key}`, entry.value));
}

function hasDottedKey(node: LocatedNode): boolean {
  return entriesOf(node).some((entry) => entry.key.includes('.'));
}

function nonBlank(name: Located<string> | undefined): Located<string> | undefined {
  return name && name.value.trim() !== '' ? name : undefined;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that have a value: exact optional properties cannot hold `undefined`. */
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}
