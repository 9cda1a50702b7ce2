import { isDiskFull, isEngineGone } from './causes';
import { gigabytes } from './engine-facts';
import { exitCodeIn, shortName, type BrokenBuild, type Details, type Explanation } from './explanation';

/** What says nothing about the app: the engine and its builder. */
export const ENGINE_EXPLANATIONS: readonly Explanation[] = [
  engineGone,
  diskFull,
  lostCache,
  builderTooSimple,
  platformsNotTogether,
];

/** Code of the failure that is gone when the build is tried once more. */
export const LOST_CACHE = 'build-cache-lost';

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

/** As long as so much is free, bytes, it is another disk that is full. */
const PLENTY = 2e9;

async function diskFull({ message, failed, facts }: BrokenBuild): Promise<Details | undefined> {
  if (![message, ...(failed?.output ?? [])].some(isDiskFull)) return undefined;
  const { freeDisk, unusedCache } = (await facts?.()) ?? {};
  const common = { code: 'no-space', fault: 'environment' } as const;
  if (freeDisk !== undefined && freeDisk > PLENTY) {
    return {
      ...common,
      summary: `${shortName(failed) ?? 'The build'} found no space left, though ${gigabytes(freeDisk)} are free on the disk of the Docker engine.`,
      nextSteps: [
        'What it writes to has a limit of its own: a tmpfs mount, /dev/shm, a quota, or the disk of a builder in a container.',
        'Raise that limit, or let the step write less.',
      ],
    };
  }
  const cache = unusedCache ? `, ${gigabytes(unusedCache)} of them now` : '';
  return {
    ...common,
    summary: `The disk of the Docker engine is full${freeDisk === undefined ? '' : `: ${gigabytes(freeDisk)} are free`}.`,
    nextSteps: [
      `Free space: \`docker builder prune\` removes build caches that nothing uses${cache}.`,
      '`docker system df` shows what else takes space, and `docker image prune` removes images without a name.',
    ],
  };
}

/** The engine's clean-up may take a layer away between its being found and its being used. */
function lostCache({ message }: BrokenBuild): Details | undefined {
  if (
    !/(?:parent )?snapshot \S+ does not exist|failed to (?:get|stat|prepare)\b.{0,300}snapshot.{0,300}not found/i.test(
      message,
    )
  ) {
    return undefined;
  }
  return {
    code: LOST_CACHE,
    fault: 'environment',
    summary: 'The Docker engine has lost a layer of its build cache during the build.',
    nextSteps: [
      'Build again: the layer is made anew.',
      'If that does not help, `docker builder prune` lets the engine forget what it has lost.',
    ],
  };
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

/** A command that took more memory than there is. */
export async function outOfMemory({ message, failed, facts }: BrokenBuild): Promise<Details | undefined> {
  const exitCode = exitCodeIn(message);
  if (exitCode === undefined) return undefined;
  const output = failed?.output ?? [];
  const name = shortName(failed) ?? 'A command of the Dockerfile';
  if (output.some((line) => /JavaScript heap out of memory/.test(line))) {
    return {
      code: 'build-out-of-memory',
      fault: 'app',
      summary: `${name} needs more memory than Node.js allows itself.`,
      nextSteps: ['Allow it more, in megabytes: ENV NODE_OPTIONS=--max-old-space-size=4096.'],
    };
  }
  if (exitCode !== SIGKILL && !output.some((line) => KILLED.test(line))) return undefined;
  const { memory } = (await facts?.()) ?? {};
  const limit = memory === undefined ? '' : `: the engine has ${gigabytes(memory)} for everything`;
  return {
    code: 'build-out-of-memory',
    fault: 'environment',
    summary: `${name} was killed (exit code ${exitCode}), most likely because memory ran out${limit}.`,
    nextSteps: [
      'Let it do less at once, for example `make -j2` or `cmake --build . --parallel 2`.',
      'Give Docker more memory, in the settings of Docker Desktop or of its virtual machine; on Linux, add swap.',
    ],
  };
}

/** 128 + 9. */
const SIGKILL = 137;
const KILLED =
  /Killed signal terminated program|internal compiler error: Killed|\(signal: 9, SIGKILL|virtual memory exhausted|terminate called after throwing an instance of 'std::bad_alloc'|Cannot allocate memory|fatal error: runtime: out of memory/;
