import { join } from 'node:path';
import { startOfFile, type SourceRange } from '../base';
import type { Findings } from './findings';
import { parseJson } from './json-text';
import {
  asString,
  describeKind,
  entriesOf,
  itemsOf,
  member,
  stringAt,
  type LocatedNode,
  type MapEntry,
} from './located-tree';
import { readTextFile } from './text-file';
import type { Located, VelocitasConfig, VelocitasPackage } from './types';

export const VELOCITAS_FILE = '.velocitas.json';

/** Reads `.velocitas.json`; `unusable`: there is one, but it says nothing (problems say why). */
export async function readVelocitasConfig(
  root: string,
  findings: Findings,
): Promise<VelocitasConfig | 'missing' | 'unusable'> {
  const file = join(root, VELOCITAS_FILE);
  const source = await readTextFile(file, findings);
  if (typeof source === 'string') return source;
  const tree = parseJson(source, findings);
  if (!tree) return 'unusable';
  if (tree.kind !== 'map') {
    findings.error(tree.range, {
      code: 'velocitas-invalid',
      message: `${VELOCITAS_FILE} must hold a JSON object, not ${describeKind(tree)}.`,
    });
    return 'unusable';
  }
  const cliVersion = stringAt(tree, 'cliVersion');
  return {
    file,
    packages: readPackages(member(tree, 'packages'), findings),
    components: readComponents(member(tree, 'components'), findings),
    variables: readVariables(member(tree, 'variables'), findings),
    ...(cliVersion ? { cliVersion: cliVersion.value } : {}),
  };
}

/**
 * The value of a variable: as set for everybody, else as set for one package (`name@package`), the first in the file.
 */
export function variableOf(config: VelocitasConfig, name: string): Required<Located<string>> | undefined {
  const matching = config.variables.filter((variable) => variable.name === name);
  const chosen = matching.find((variable) => variable.scope === undefined) ?? matching[0];
  return chosen && { value: chosen.value, range: chosen.range };
}

function readPackages(node: LocatedNode | undefined, findings: Findings): VelocitasPackage[] {
  if (!node) return [];
  if (node.kind === 'map') {
    return entriesOf(node).flatMap((entry) => {
      const version = asString(entry.value);
      if (version) return [{ name: entry.key, version: version.value, range: entry.keyRange }];
      warn(findings, entry.value.range, `The version of the package "${entry.key}" must be a string.`);
      return [];
    });
  }
  if (node.kind === 'scalar') warn(findings, node.range, '"packages" must map package names to versions.');
  return itemsOf(node).flatMap((item) => {
    const name = stringAt(item, 'name') ?? stringAt(item, 'repo');
    const version = stringAt(item, 'version');
    if (name && version) return [{ name: name.value, version: version.value, range: item.range }];
    warn(findings, item.range, 'A package needs a "name" (or "repo") and a "version".');
    return [];
  });
}

function readComponents(node: LocatedNode | undefined, findings: Findings): string[] {
  if (!node) return [];
  if (node.kind !== 'list') warn(findings, node.range, '"components" must be a list.');
  return itemsOf(node).flatMap((item) => {
    const id = asString(item) ?? stringAt(item, 'id');
    if (id) return [id.value];
    warn(findings, item.range, 'A component is named by a string.');
    return [];
  });
}

function readVariables(node: LocatedNode | undefined, findings: Findings): VelocitasConfig['variables'] {
  if (!node) return [];
  if (node.kind !== 'map') warn(findings, node.range, '"variables" must map names to values.');
  return entriesOf(node).flatMap((entry) => readVariable(entry, findings));
}

function readVariable(entry: MapEntry, findings: Findings): VelocitasConfig['variables'][number][] {
  const at = entry.key.indexOf('@');
  const name = at < 0 ? entry.key : entry.key.slice(0, at);
  const { value } = entry;
  if (value.kind === 'scalar' && value.value !== null && (typeof value.value === 'string' || name !== MANIFEST_PATH)) {
    return [{ name, ...(at < 0 ? {} : { scope: entry.key.slice(at + 1) }), value: value.text, range: value.range }];
  }
  if (name === MANIFEST_PATH) {
    findings.error(value.range, {
      code: 'velocitas-manifest-path',
      message: `"${MANIFEST_PATH}" must be a string: the path of the app's manifest.`,
    });
  } else {
    warn(findings, value.range, `The variable "${entry.key}" must be a string, not ${describeKind(value)}.`);
  }
  return [];
}

export const MANIFEST_PATH = 'appManifestPath';

/** What only Velocitas' own tools evaluate must not stop a run here, so it is a warning. */
function warn(findings: Findings, range: SourceRange, message: string): void {
  findings.warning(range, { code: 'velocitas-invalid', message });
}

/** The place to report something about the file as a whole. */
export function velocitasFileRange(root: string): SourceRange {
  return startOfFile(join(root, VELOCITAS_FILE));
}
