import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, startOfFile, type FailureDetails, type SourceRange } from '../base';
import { isDiskFull, isEngineGone, isNetworkTrouble } from './causes';
import { rangeOfLines } from './dockerfile';
import { targetDetails } from './registry-failures';
import type { BuildRequest, LineRange } from './types';

/** A build that ended badly, as the builder tells it; everything is redacted. */
export interface BrokenBuild {
  readonly request: BuildRequest;
  /** The builder's last word. */
  readonly message: string;
  /** Lines of the Dockerfile that it points at. */
  readonly lines?: LineRange | undefined;
  /** The step that broke, and the end of what it wrote. */
  readonly failed?: { readonly name: string; readonly output: readonly string[] } | undefined;
  /** Whether any step had begun. */
  readonly started: boolean;
}

/** What a build that ended badly means for the user. */
export async function buildFailure(broken: BrokenBuild): Promise<Failure> {
  const { request, message, lines, failed } = broken;
  const range = lines ? await rangeOfLines(request.dockerfile, lines) : undefined;
  const output = failed?.output ?? [];
  const evidence = [...output, ...(message === '' ? [] : [...message.split('\n').slice(0, MAX_MESSAGE_LINES)])];
  for (const explain of EXPLANATIONS) {
    const details = explain(broken, range);
    if (details) return new Failure({ ...(range ? { range } : {}), evidence, ...details });
  }
  const name = shortName(failed);
  const step = name === undefined ? '' : ` in ${name}`;
  return new Failure({
    code: 'build-failed',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `The image could not be built${step}: ${firstLine(message)}`,
    evidence,
  });
}

const MAX_MESSAGE_LINES = 20;
const MAX_NAME_LENGTH = 100;

type Details = Omit<FailureDetails, 'evidence' | 'range'> & { readonly range?: SourceRange };
type Explanation = (broken: BrokenBuild, range: SourceRange | undefined) => Details | undefined;

// The first that fits is taken: what says nothing about the app comes before what does.
const EXPLANATIONS: readonly Explanation[] = [
  refusedPush,
  engineGone,
  diskFull,
  builderTooSimple,
  platformsNotTogether,
  foreignProgram,
  failedCommand,
  unreadableContext,
  baseImage,
  missingSource,
  missingFile,
  missingStage,
  invalidDockerfile,
  network,
];

function refusedPush({ message }: BrokenBuild): Details | undefined {
  const target = /failed to push ([^\s"]+): /.exec(message)?.[1];
  return target === undefined ? undefined : targetDetails(target, message);
}

function builderTooSimple({ message }: BrokenBuild): Details | undefined {
  const what =
    /(attestations?|cache export)[^.\n]* (?:is|are) (?:currently )?not supported for the docker driver/i.exec(
      message,
    )?.[1];
  if (what === undefined) return undefined;
  return {
    code: 'builder-unsupported',
    fault: 'environment',
    summary: `The builder of this Docker engine cannot do this: ${what.toLowerCase()}.`,
    nextSteps: [
      'Create a builder that can, and make it the current one: `docker buildx create --use --driver docker-container`.',
      'Or turn on the containerd image store: "features": {"containerd-snapshotter": true} in daemon.json, or in the settings of Docker Desktop.',
    ],
  };
}

function engineGone({ message, started }: BrokenBuild): Details | undefined {
  if (!isEngineGone(message)) return undefined;
  return started
    ? {
        code: 'docker-lost',
        fault: 'environment',
        summary: 'The Docker engine went away during the build.',
        nextSteps: ['Start Docker and build again: finished steps are cached.'],
      }
    : {
        code: 'docker-not-running',
        fault: 'environment',
        summary: 'The Docker engine does not answer.',
        nextSteps: ['Start Docker, or point DOCKER_HOST to a running engine.'],
      };
}

function diskFull({ message, failed }: BrokenBuild): Details | undefined {
  if (![message, ...(failed?.output ?? [])].some(isDiskFull)) return undefined;
  return {
    code: 'no-space',
    fault: 'environment',
    summary: 'The disk of the Docker engine is full.',
    nextSteps: ['Free space: `docker builder prune` removes build caches, `docker system df` shows what takes space.'],
  };
}

function platformsNotTogether({ message, request }: BrokenBuild): Details | undefined {
  if (!/multi-platform build is not supported|does not currently support exporting manifest lists/i.test(message)) {
    return undefined;
  }
  return {
    code: 'platform-unsupported',
    fault: 'environment',
    summary: `This Docker engine cannot hold an image of several platforms (${request.platforms.join(', ')}).`,
    nextSteps: [
      'Turn on the containerd image store: "features": {"containerd-snapshotter": true} in daemon.json, or in the settings of Docker Desktop.',
      'Or build one platform at a time.',
    ],
  };
}

function foreignProgram({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  if (![message, ...(failed?.output ?? [])].some((line) => /exec format error/i.test(line))) return undefined;
  const foreign = request.platforms.length > 0;
  return foreign
    ? {
        code: 'platform-unsupported',
        fault: 'environment',
        summary: `${shortName(failed) ?? 'A step'} cannot run here: this machine does not run programs of the other platform (exec format error).`,
        nextSteps: [
          'Install emulation: `docker run --privileged --rm tonistiigi/binfmt --install all`, or the package qemu-user-static.',
          'Or cross-compile in a stage that runs on this machine: FROM --platform=$BUILDPLATFORM.',
        ],
      }
    : {
        code: 'build-failed',
        fault: 'app',
        summary: `${shortName(failed) ?? 'A step'} starts a program that is not for this platform (exec format error).`,
        range: range ?? startOfFile(request.dockerfile),
      };
}

function failedCommand({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const exitCode = /(?:exit code: |non-zero code: )(\d+)/.exec(message)?.[1];
  if (exitCode === undefined) return undefined;
  const offline = failed?.output.some(isNetworkTrouble) ?? false;
  return {
    code: 'build-failed',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `${shortName(failed) ?? 'A command of the Dockerfile'} failed with exit code ${exitCode}.`,
    nextSteps: offline
      ? ['It seems to have had no network: check the connection, and HTTP_PROXY and HTTPS_PROXY if you need a proxy.']
      : [],
  };
}

function unreadableContext({ message, request }: BrokenBuild): Details | undefined {
  const unreadable = /error from sender: (.*)|can't stat '(.*)'|error checking context: (.*)/.exec(message);
  if (unreadable) {
    return {
      code: 'context-unreadable',
      fault: 'app',
      summary: `The build context cannot be read: ${unreadable[1] ?? unreadable[2] ?? unreadable[3] ?? ''}.`,
      range: startOfFile(join(request.context, '.dockerignore')),
      nextSteps: ['Make the file readable, or name it in .dockerignore.'],
    };
  }
  if (!/unable to prepare context/.test(message) || existsSync(request.context)) return undefined;
  return {
    code: 'context-missing',
    fault: 'app',
    summary: `The build context ${request.context} does not exist.`,
    range: startOfFile(request.dockerfile),
  };
}

function baseImage({ message, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const image =
    /failed to resolve (?:source metadata for|reference) "?([^\s"]+?)"?: /.exec(message)?.[1] ??
    /pull access denied for ([^\s,]+)/.exec(message)?.[1] ??
    /manifest for (\S+) not found/.exec(message)?.[1];
  if (image === undefined) return undefined;
  const common = { code: 'base-image-unavailable', range: range ?? startOfFile(request.dockerfile) };
  const name = `The image ${image.replace(/^docker\.io\/(library\/)?/, '')}`;
  if (isNetworkTrouble(message)) {
    return {
      ...common,
      fault: 'environment',
      summary: `${name} is not on this machine, and its registry cannot be reached.`,
      nextSteps: ['Check the network, and the proxy settings of the Docker engine.', 'Check the name for typos.'],
    };
  }
  if (/no match for platform/.test(message)) {
    const platforms = request.platforms.length > 0 ? request.platforms.join(', ') : "this engine's platform";
    return {
      ...common,
      fault: 'app',
      summary: `${name} does not exist for ${platforms}.`,
      nextSteps: ['Choose a base image that supports it, or leave the platform out.'],
    };
  }
  return {
    ...common,
    fault: 'app',
    summary: `${name} does not exist in its registry, or you may not read it.`,
    nextSteps: ['Check name and tag for typos.', 'If it is private: `docker login`.'],
  };
}

function missingSource({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const source =
    /failed to calculate checksum of ref .*"(\/[^"]*)": not found/.exec(message)?.[1] ??
    /(?:COPY|ADD) failed: .*stat (\S+): (?:file does not exist|no such file)/.exec(message)?.[1];
  if (source === undefined) return undefined;
  const path = source.replace(/^\//, '');
  const stage = /--from=(\S+)/.exec(failed?.name ?? '')?.[1];
  const ignored = stage === undefined && existsSync(join(request.context, path));
  return {
    code: 'copy-source-missing',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary:
      stage !== undefined
        ? `${source} does not exist in ${stage}, from where it is to be copied.`
        : ignored
          ? `${path} is in the build context, but excluded by .dockerignore.`
          : `${path} does not exist in the build context ${request.context}.`,
    nextSteps: ignored ? [`Except it in .dockerignore: a line \`!${path}\` at the end.`] : [],
  };
}

function missingFile({ message, request }: BrokenBuild): Details | undefined {
  if (!/failed to read dockerfile|unable to evaluate symlinks in Dockerfile path|lstat .*no such file/i.test(message)) {
    return undefined;
  }
  if (existsSync(request.dockerfile)) return undefined;
  return {
    code: 'dockerfile-missing',
    fault: 'app',
    range: startOfFile(request.dockerfile),
    summary: `There is no Dockerfile at ${request.dockerfile}.`,
  };
}

function missingStage({ message, request }: BrokenBuild): Details | undefined {
  const target = /target stage "?([^"\s]+)"? could not be found/.exec(message)?.[1];
  if (target === undefined) return undefined;
  return {
    code: 'target-missing',
    fault: 'app',
    range: startOfFile(request.dockerfile),
    summary: `The Dockerfile has no stage named ${target}.`,
  };
}

function invalidDockerfile({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const spoken =
    /dockerfile parse error|unknown instruction|dockerfile( \(.*\))? cannot be empty|no build stage in/i.test(message);
  // With a place and yet no step that failed, it broke before any step ran: while the Dockerfile was read.
  if (!spoken && !(range && !failed)) return undefined;
  const cause = firstLine(message).replace(/^(Error response from daemon: )?dockerfile parse error on line \d+: /, '');
  return {
    code: 'dockerfile-invalid',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `The Dockerfile is not valid: ${cause.replace(/^Error response from daemon: /, '')}`,
  };
}

function network({ message }: BrokenBuild): Details | undefined {
  if (!isNetworkTrouble(message)) return undefined;
  return {
    code: 'network',
    fault: 'environment',
    summary: `The build could not reach the network: ${firstLine(message)}`,
    nextSteps: ['Check the network, and the proxy settings of the Docker engine.'],
  };
}

/** A step's name in one line that leaves room for the rest of the sentence. */
function shortName(failed: BrokenBuild['failed']): string | undefined {
  const name = failed?.name.replace(/\s+/g, ' ').trim();
  return name !== undefined && name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
