import { startOfFile, type SourceRange } from '../base';
import { closest } from '../project';
import { isAccessDenied } from './causes';
import type { BrokenBuild, Details } from './explanation';
import { adviceForEngine, describeTrouble, findNetworkTrouble } from './network-trouble';
import { hostOf } from './reference';

/** An image that the Dockerfile builds upon, or copies from, and that could not be had. */
export function baseImage({ message, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const image =
    /failed to resolve (?:source metadata for|reference) "?([^\s"]+?)"?: /.exec(message)?.[1] ??
    /pull access denied for ([^\s,]+)/.exec(message)?.[1] ??
    /manifest for (\S+) not found/.exec(message)?.[1];
  if (image === undefined) return undefined;
  const said = message.slice(message.indexOf(image));
  const found =
    unreachable(image, said) ??
    missingPlatform(image, said, request) ??
    exhausted(image, said) ??
    unknown(image, said) ??
    denied(image);
  return { ...found, range: range ?? startOfFile(request.dockerfile) };
}

function unreachable(image: string, said: string): Details | undefined {
  const trouble = findNetworkTrouble(said.split('\n'));
  if (!trouble) return undefined;
  return {
    code: 'base-image-unavailable',
    fault: 'environment',
    summary: `The image ${shown(image)} is not on this machine, and its registry cannot be reached: ${describeTrouble(trouble)}.`,
    nextSteps: [...nearName(image), ...adviceForEngine(trouble)],
  };
}

function missingPlatform(image: string, said: string, request: BrokenBuild['request']): Details | undefined {
  if (!/no match for platform/.test(said)) return undefined;
  const platforms = request.platforms.length > 0 ? request.platforms.join(', ') : "this engine's platform";
  return {
    code: 'base-image-platform',
    fault: 'app',
    summary: `The image ${shown(image)} does not exist for ${platforms}.`,
    nextSteps: [
      `See which platforms it has: \`docker buildx imagetools inspect ${shown(image)}\`.`,
      'Choose a base image that has the platform, or leave the platform out of what you build.',
    ],
  };
}

function exhausted(image: string, said: string): Details | undefined {
  if (!/toomanyrequests|too many requests|pull rate limit/i.test(said)) return undefined;
  return {
    code: 'base-image-unavailable',
    fault: 'environment',
    summary: `${hostOf(image)} hands out no more images for now, ${shown(image)} among them.`,
    nextSteps: [`Log in, which raises the limit: \`docker login${loginHost(image)}\`.`, 'Or wait.'],
  };
}

function unknown(image: string, said: string): Details | undefined {
  // Whoever asks may read every official image: what Docker Hub does not hand out there does not exist.
  const isOfficial = OFFICIAL_PATH.test(image);
  if (isOfficial && isAccessDenied(said)) {
    return {
      code: 'base-image-unknown',
      fault: 'app',
      summary: `There is no image ${nameOf(image)} among Docker's official ones.`,
      nextSteps: [...nearName(image), 'Check the name for typos; that of a user or an organization is USER/IMAGE.'],
    };
  }
  if (isAccessDenied(said) || !/not found|manifest unknown|name unknown|does not exist/i.test(said)) return undefined;
  return {
    code: 'base-image-unknown',
    fault: 'app',
    summary: `The image ${shown(image)} does not exist: ${hostOf(image)} knows no such name or tag.`,
    nextSteps: [
      ...nearName(image),
      'Check name and tag for typos.',
      ...(isOfficial ? [`Its tags: https://hub.docker.com/_/${nameOf(image)}/tags.`] : []),
    ],
  };
}

function denied(image: string): Details {
  return {
    code: 'base-image-denied',
    fault: 'environment',
    summary: `${hostOf(image)} does not hand out the image ${shown(image)}: it wants a login that may read it, or there is no such image.`,
    nextSteps: [`Log in: \`docker login${loginHost(image)}\`.`, 'Check name and tag for typos.'],
  };
}

const OFFICIAL_PATH = /^(?:docker\.io\/library\/|[^/]+$)/;

/** As people write it. */
function shown(image: string): string {
  return image.replace(/^docker\.io\/(library\/)?/, '');
}

function nameOf(image: string): string {
  return shown(image).replace(/[:@].*$/, '');
}

/** As an argument of `docker login`, with the space before it; Docker Hub needs none. */
function loginHost(image: string): string {
  const host = hostOf(image);
  return host === 'docker.io' ? '' : ` ${host}`;
}

/** An official image whose name differs from the one written in a letter or two. */
function nearName(image: string): string[] {
  const name = nameOf(image);
  if (!OFFICIAL_PATH.test(image) || OFFICIAL.includes(name)) return [];
  const near = closest(name, OFFICIAL);
  return near === undefined ? [] : [`Did you mean ${near}?`];
}

/** Docker's official images that apps are built upon (https://hub.docker.com/u/library). */
const OFFICIAL: readonly string[] = [
  ...[
    'almalinux',
    'alpine',
    'amazoncorretto',
    'bash',
    'buildpack-deps',
    'busybox',
    'clojure',
    'dart',
    'debian',
    'docker',
  ],
  ...['eclipse-mosquitto', 'eclipse-temurin', 'elixir', 'erlang', 'fedora', 'gcc', 'golang', 'gradle', 'groovy'],
  ...[
    'haskell',
    'httpd',
    'julia',
    'maven',
    'mongo',
    'mysql',
    'nginx',
    'node',
    'oraclelinux',
    'perl',
    'php',
    'postgres',
  ],
  ...['pypy', 'python', 'r-base', 'redis', 'rockylinux', 'ruby', 'rust', 'swift', 'ubuntu'],
];
