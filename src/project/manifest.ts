import { startOfFile } from '../base';
import type { Findings } from './findings';
import { parseJson } from './json-text';
import {
  describeKind,
  entriesOf,
  itemsOf,
  member,
  plainValue,
  stringAt,
  type LocatedNode,
  type MapNode,
} from './located-tree';
import { readTextFile } from './text-file';
import type { Located, Manifest, ManifestInterface } from './types';

/** Where an app's manifest is unless something else is said. */
export const DEFAULT_MANIFEST = 'app/AppManifest.json';

/** Most apps that are read of one file: for each, files are looked for, and many more would be nobody's. */
export const MAX_APPS = 100;

/** One app of a manifest file. The older form also names port and Dockerfile. */
export interface ManifestEntry {
  readonly manifest: Manifest;
  readonly port?: number;
  /** As written, relative to the repository root. */
  readonly dockerfile?: Required<Located<string>>;
}

/** Reads a manifest file: one app in v3, any number in the older array form. */
export async function readManifest(
  file: string,
  findings: Findings,
): Promise<readonly ManifestEntry[] | 'missing' | 'unusable'> {
  const source = await readTextFile(file, findings);
  if (typeof source === 'string') return source;
  const tree = parseJson(source, findings);
  if (!tree) return 'unusable';
  if (tree.kind === 'list') return readLegacyArray(file, tree.items, findings);
  if (tree.kind === 'map') {
    const manifest = readObject(file, tree, findings);
    return manifest ? [{ manifest }] : 'unusable';
  }
  findings.error(tree.range, {
    code: 'manifest-invalid',
    message: `The manifest must be a JSON object, not ${describeKind(tree)}.`,
  });
  return 'unusable';
}

function readObject(file: string, tree: MapNode, findings: Findings): Manifest | undefined {
  const versionNode = member(tree, 'manifestVersion');
  const version = stringAt(tree, 'manifestVersion')?.value;
  if (version === undefined) {
    findings.error(versionNode?.range ?? startOfFile(file), {
      code: 'manifest-version-missing',
      message: 'The manifest does not say its version.',
      hint: 'Add "manifestVersion": "v3".',
    });
  } else if (!KNOWN_VERSIONS.includes(version)) {
    findings.warning(versionNode?.range ?? startOfFile(file), {
      code: 'manifest-version-unknown',
      message: `The manifest version "${version}" is not known; it is read as v3.`,
    });
  }
  const isLegacy = version === 'v1' || version === 'v2';
  const name = requireName(tree, 'name', findings);
  if (!name) return undefined;
  return {
    file,
    version: isLegacy ? 'legacy' : 'v3',
    name,
    interfaces: [
      ...readInterfaces(member(tree, 'interfaces'), (key) => key, findings),
      ...legacyModelInterface(member(tree, 'vehicleModel')),
    ],
  };
}

const KNOWN_VERSIONS: readonly string[] = ['v1', 'v2', 'v3'];

function readLegacyArray(
  file: string,
  items: readonly LocatedNode[],
  findings: Findings,
): readonly ManifestEntry[] | 'unusable' {
  if (items.length === 0) {
    findings.error(startOfFile(file), { code: 'manifest-empty', message: 'The manifest names no app.' });
    return 'unusable';
  }
  const [excess] = items.slice(MAX_APPS);
  if (excess) {
    findings.error(excess.range, {
      code: 'manifest-too-many-apps',
      message: `The manifest names more than ${MAX_APPS} apps; from here on they are left out.`,
    });
  }
  const entries = items.slice(0, MAX_APPS).flatMap((item) => readLegacyEntry(file, item, findings) ?? []);
  return entries.length > 0 ? entries : 'unusable';
}

function readLegacyEntry(file: string, item: LocatedNode, findings: Findings): ManifestEntry | undefined {
  if (item.kind !== 'map') {
    findings.error(item.range, {
      code: 'manifest-invalid',
      message: `An app of the manifest must be a JSON object, not ${describeKind(item)}.`,
    });
    return undefined;
  }
  const app = withCamelCaseKeys(item);
  const name = requireName(app, 'name', findings);
  if (!name) return undefined;
  const port = readPort(member(app, 'port'), findings);
  const dockerfile = stringAt(app, 'dockerfile');
  return {
    manifest: {
      file,
      version: 'legacy',
      name,
      interfaces: [
        ...readInterfaces(member(app, 'interfaces'), camelCase, findings),
        ...legacyModelInterface(member(app, 'vehicleModel')),
      ],
    },
    ...(port === undefined ? {} : { port }),
    ...(dockerfile?.range ? { dockerfile: { value: dockerfile.value, range: dockerfile.range } } : {}),
  };
}

function requireName(app: MapNode, key: string, findings: Findings): Required<Located<string>> | undefined {
  const node = member(app, key);
  const name = stringAt(app, key);
  if (name?.range && name.value.trim() !== '') return { value: name.value, range: name.range };
  findings.error(node?.range ?? app.range, {
    code: 'manifest-name',
    message: node ? 'The name of the app must be a string that is not empty.' : 'The manifest does not name the app.',
    hint: 'Give the app a "name".',
  });
  return undefined;
}

function readInterfaces(
  node: LocatedNode | undefined,
  rename: (key: string) => string,
  findings: Findings,
): ManifestInterface[] {
  if (!node) return [];
  if (node.kind !== 'list') {
    findings.error(node.range, {
      code: 'manifest-interfaces',
      message: `"interfaces" must be a list, not ${describeKind(node)}.`,
    });
  }
  return itemsOf(node).flatMap((item) => {
    const named = item.kind === 'map' ? renameKeys(item, rename) : item;
    const type = stringAt(named, 'type');
    const config = member(named, 'config');
    if (!type) {
      findings.error(item.range, { code: 'manifest-interface', message: 'An interface needs a "type", a string.' });
      return [];
    }
    if (config && config.kind !== 'map') {
      findings.error(config.range, {
        code: 'manifest-interface',
        message: `The "config" of an interface must be an object, not ${describeKind(config)}.`,
      });
    }
    return [{ type: type.value, range: item.range, config: plainConfig(config, rename) }];
  });
}

/** Before v3 the signals an app uses were described by `vehicleModel.src` alone. */
function legacyModelInterface(model: LocatedNode | undefined): ManifestInterface[] {
  const src = model?.kind === 'map' ? stringAt(withCamelCaseKeys(model), 'src') : undefined;
  return model && src ? [{ type: 'vehicle-signal-interface', range: model.range, config: { src: src.value } }] : [];
}

function readPort(node: LocatedNode | undefined, findings: Findings): number | undefined {
  if (!node) return undefined;
  const port = node.kind === 'scalar' && node.text.trim() !== '' ? Number(node.text) : NaN;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  findings.error(node.range, { code: 'manifest-port', message: 'The port must be a number from 1 to 65535.' });
  return undefined;
}

function withCamelCaseKeys(map: MapNode): MapNode {
  return renameKeys(map, camelCase);
}

function renameKeys(map: MapNode, rename: (key: string) => string): MapNode {
  return { ...map, entries: new Map([...map.entries].map(([key, entry]) => [rename(key), entry])) };
}

function plainConfig(config: LocatedNode | undefined, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(entriesOf(config).map((entry) => [rename(entry.key), renamed(entry.value, rename)]));
}

function renamed(node: LocatedNode, rename: (key: string) => string): unknown {
  if (node.kind === 'map') return plainConfig(node, rename);
  if (node.kind === 'list') return node.items.map((item) => renamed(item, rename));
  return plainValue(node);
}

function camelCase(key: string): string {
  return key.charAt(0).toLowerCase() + key.slice(1);
}
