import { Failure } from '../base';

/** The parts of an image's reference. */
export interface ImageReference {
  /** Registry and path, as written, without version. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/**
 * Reads `[registry/]path[:tag][@digest]`.
 *
 * @throws Failure `image-reference-invalid`.
 */
export function parseReference(reference: string): ImageReference {
  const { name, tag, digest } = REFERENCE.exec(reference)?.groups ?? {};
  if (name === undefined) throw invalid(reference);
  return { name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** The path of an image in its registry, without the registry. */
export function pathOf({ name }: ImageReference): string {
  return name.slice(registryIn(name).length).replace(/^\//, '');
}

/** The registry of a reference, as people and `docker login` name it. */
export function hostOf(reference: string): string {
  return registryIn(reference) || 'docker.io';
}

/** Empty where none is named: the first part is one only if it cannot be a part of a path. */
function registryIn(name: string): string {
  const [first = '', ...rest] = name.split('/');
  return rest.length > 0 && /[.:A-Z]|^localhost$/.test(first) ? first : '';
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:[A-Za-z0-9][A-Za-z0-9.-]*|\\[[0-9a-f:]+\\])(?::\\d+)?';
/** https://github.com/distribution/reference */
const REFERENCE = new RegExp(
  `^(?<name>(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);

function invalid(reference: string): Failure {
  const path = reference.replace(/[:@].*$/, '');
  return new Failure({
    code: 'image-reference-invalid',
    fault: 'usage',
    summary: `'${reference}' is not the name of an image.`,
    nextSteps: [
      'Write it like ghcr.io/your-organization/your-app:1.0, or with a digest: …@sha256:….',
      ...(path === path.toLowerCase() ? [] : ['Only the host may have capital letters.']),
    ],
  });
}
