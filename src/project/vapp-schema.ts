import type { ErrorObject, ValidateFunction } from 'ajv';
import type { SourceRange } from '../base';
import type { Findings } from './findings';
import { describeKind, plainValue, type LocatedNode } from './located-tree';
import { closest } from './names';
import schema from '../../schemas/vapp.schema.json';

/**
 * Checks a vapp.yaml against its schema; every violation becomes a problem at the value concerned.
 * The validator is loaded and compiled on first use: a repository without vapp.yaml does not pay for it.
 */
export async function checkAgainstSchema(tree: LocatedNode, findings: Findings): Promise<void> {
  validator ??= compile();
  const validate = await validator;
  if (validate(plainValue(tree, MAX_ITEMS))) return;
  for (const error of validate.errors ?? []) report(error, tree, findings);
}

/** More than the schema allows in any list: the time that a check takes grows with the square of the errors. */
const MAX_ITEMS = 200;

let validator: Promise<ValidateFunction> | undefined;

async function compile(): Promise<ValidateFunction> {
  const { Ajv } = await import('ajv');
  return new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, keywords: ['patternErrorMessage'] }).compile(
    schema,
  );
}

function report(error: ErrorObject, tree: LocatedNode, findings: Findings): void {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const place = locate(tree, path);
  const subject = path.length === 0 ? 'The file' : `"${nameOf(path)}"`;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      reportUnknownKey(String(params['additionalProperty']), error, place, findings);
      return;
    }
    case 'propertyNames':
      return;
    case 'pattern': {
      const message = (error.parentSchema as { patternErrorMessage?: string } | undefined)?.patternErrorMessage;
      const range = error.propertyName === undefined ? place.range : keyRange(place.node, error.propertyName);
      findings.error(range ?? place.range, {
        code: 'vapp-value',
        message: message ?? `${subject} has a form that is not allowed.`,
      });
      return;
    }
    case 'type':
      findings.error(place.range, {
        code: 'vapp-type',
        message: `${subject} must be ${describeTypes(params['type'])}, not ${describeKind(place.node)}.`,
      });
      return;
    case 'required':
      // Within anyOf this is one of the alternatives, of which the anyOf itself tells.
      if (error.schemaPath.includes('/anyOf/')) return;
      findings.error(place.range, {
        code: 'vapp-missing-key',
        message: `${subject} needs "${String(params['missingProperty'])}".`,
      });
      return;
    case 'anyOf':
      findings.error(place.range, {
        code: 'vapp-missing-key',
        message: `${subject} needs "reference" or "repository".`,
      });
      return;
    case 'minimum':
    case 'maximum': {
      const { minimum, maximum } = error.parentSchema as { minimum: number; maximum: number };
      findings.error(place.range, {
        code: 'vapp-value',
        message: `${subject} must be a number from ${minimum} to ${maximum}.`,
      });
      return;
    }
    default:
      findings.error(place.range, { code: 'vapp-value', message: `${subject} ${error.message ?? 'is not valid'}.` });
  }
}

function reportUnknownKey(key: string, error: ErrorObject, place: Place, findings: Findings): void {
  const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
  const suggestion = closest(key, known);
  findings.error(keyRange(place.node, key) ?? place.range, {
    code: 'vapp-unknown-key',
    message: `Unknown key "${key}".`,
    hint: suggestion === undefined ? `Known keys are ${known.join(', ')}.` : `Did you mean "${suggestion}"?`,
  });
}

interface Place {
  readonly node: LocatedNode;
  readonly range: SourceRange;
}

/** The node at a path. An empty value has no extent, so its key stands for it. */
function locate(tree: LocatedNode, path: readonly string[]): Place {
  let place: Place = { node: tree, range: tree.range };
  for (const segment of path) {
    const parent = place.node;
    const entry = parent.kind === 'map' ? parent.entries.get(segment) : undefined;
    const node = entry?.value ?? (parent.kind === 'list' ? parent.items[Number(segment)] : undefined);
    if (!node) return place;
    place = { node, range: isEmpty(node) ? (entry?.keyRange ?? node.range) : node.range };
  }
  return place;
}

function isEmpty(node: LocatedNode): boolean {
  return node.kind === 'scalar' && node.text === '';
}

function keyRange(node: LocatedNode, key: string): SourceRange | undefined {
  return node.kind === 'map' ? node.entries.get(key)?.keyRange : undefined;
}

/** `apps[0].chart.path` */
function nameOf(path: readonly string[]): string {
  return path.reduce((name, segment) => (/^\d+$/.test(segment) ? `${name}[${segment}]` : `${name}.${segment}`));
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};

function describeTypes(types: unknown): string {
  const names = (Array.isArray(types) ? types : [types]).map((type) => TYPE_NAMES[String(type)] ?? String(type));
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}
