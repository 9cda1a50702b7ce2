import type { Findings } from './findings';
import { asString, entriesOf, itemsOf, member, stringAt, type LocatedNode } from './located-tree';
import type { BuildSettings, Located, RemoteContext, RemoteSettings } from './types';

/** Reads `build` of vapp.yaml. What has not the form that the schema wants is left out: a problem tells of it. */
export function buildSettings(node: LocatedNode | undefined): BuildSettings {
  const builder = stringAt(node, 'builder');
  const cacheTo = stringAt(node, 'cacheTo');
  return {
    ...(builder ? { builder } : {}),
    cacheFrom: itemsOf(member(node, 'cacheFrom'))
      .slice(0, MAX_CACHES)
      .flatMap((item) => asString(item) ?? []),
    ...(cacheTo ? { cacheTo } : {}),
  };
}

/** Reads `remote` of vapp.yaml: the list of contexts that are allowed. One without name or registry is not. */
export function remoteSettings(node: LocatedNode | undefined, findings: Findings): RemoteSettings {
  const list = member(node, 'contexts');
  const contexts = new Map<string, RemoteContext>();
  for (const item of itemsOf(list).slice(0, MAX_CONTEXTS)) {
    const context = remoteContext(item);
    if (!context) continue;
    const { value: name, range } = context.name;
    if (contexts.has(name)) {
      findings.error(range ?? item.range, {
        code: 'remote-context-twice',
        message: `The context "${name}" is named twice.`,
      });
    } else {
      contexts.set(name, context);
    }
  }
  const range = (list ?? node)?.range;
  return { contexts: [...contexts.values()], ...(range ? { range } : {}) };
}

/** The same for one app: where a cache is named without a tag, the app's id is the tag. */
export function buildOfApp({ cacheFrom, cacheTo, ...rest }: BuildSettings, app: string): BuildSettings {
  const own = ({ value, ...place }: Located<string>) => ({
    ...place,
    value: hasTag(value) ? value : `${value}:${app}`,
  });
  return { ...rest, cacheFrom: cacheFrom.map(own), ...(cacheTo ? { cacheTo: own(cacheTo) } : {}) };
}

/** A cache that several apps wrote to under one name would only ever be that of the last one. */
export function checkCaches({ cacheTo }: BuildSettings, apps: number, findings: Findings): void {
  if (!cacheTo?.range || apps < 2 || !hasTag(cacheTo.value)) return;
  findings.error(cacheTo.range, {
    code: 'cache-shared',
    message: `The ${apps} apps of this repository would each overwrite the cache "${cacheTo.value}".`,
    hint: 'Leave the tag out: then each app has a cache of its own, with its id as the tag.',
  });
}

/** As many as the schema allows. */
const MAX_CACHES = 20;
const MAX_CONTEXTS = 50;

function remoteContext(node: LocatedNode): RemoteContext | undefined {
  const [name, registry, pullRegistry, namespace] = ['name', 'registry', 'pullRegistry', 'namespace'].map((key) =>
    stringAt(node, key),
  );
  if (!name || !registry) return undefined;
  return {
    name,
    registry,
    ...(pullRegistry ? { pullRegistry } : {}),
    ...(namespace ? { namespace } : {}),
    services: addresses(member(node, 'services')),
  };
}

function addresses(node: LocatedNode | undefined): Readonly<Record<string, Located<string>>> {
  return Object.fromEntries(
    entriesOf(node).flatMap(({ key, value }) => {
      const address = asString(value);
      return address ? [[key, address]] : [];
    }),
  );
}

/** A colon before the path belongs to the registry's port. */
function hasTag(reference: string): boolean {
  return /:[^/]*$/.test(reference);
}
