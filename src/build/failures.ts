import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, startOfFile, type SourceRange } from '../base';
import { baseImage } from './base-image-explanations';
import { chosenBuilderTrouble } from './builder-explanations';
import { isNetworkTrouble } from './causes';
import { missingSource } from './copy-explanations';
import { rangeOfLines } from './dockerfile';
import { ENGINE_EXPLANATIONS, outOfMemory } from './engine-explanations';
import { firstLine, shortName, type BrokenBuild, type Details, type Explanation } from './explanation';
import { adviceForEngine, describeTrouble, findNetworkTrouble } from './network-trouble';
import { targetDetails } from './registry-failures';
import { failedCommand, foreignProgram, missingArgument, missingSecret, unreachableInStep } from './step-explanations';

/** What a build that ended badly means for the user. */
export async function buildFailure(broken: BrokenBuild): Promise<Failure> {
  const { request, message, lines, failed } = broken;
  const range = lines ? await rangeOfLines(request.dockerfile, lines) : undefined;
  const output = failed?.output ?? [];
  const evidence = [...output, ...(message === '' ? [] : [...message.split('\n').slice(0, MAX_MESSAGE_LINES)])];
  for (const explain of EXPLANATIONS) {
    const details = await explain(broken, range);
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

// The first that fits is taken: what says nothing about the app comes before what does.
const EXPLANATIONS: readonly Explanation[] = [
  chosenBuilderTrouble,
  refusedPush,
  ...ENGINE_EXPLANATIONS,
  foreignProgram,
  outOfMemory,
  unreachableInStep,
  failedCommand,
  unreadableContext,
  baseImage,
  missingSource,
  missingSecret,
  missingArgument,
  missingFile,
  missingStage,
  invalidDockerfile,
  network,
];

function refusedPush({ message }: BrokenBuild): Details | undefined {
  const target = /failed to push ([^\s"]+): /.exec(message)?.[1];
  return target === undefined ? undefined : targetDetails(target, message);
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
  const trouble = findNetworkTrouble(message.split('\n'));
  return {
    code: 'network',
    fault: 'environment',
    summary: `The build could not reach the network: ${trouble ? `${describeTrouble(trouble)}.` : firstLine(message)}`,
    nextSteps: adviceForEngine(trouble ?? { kind: 'timeout' }),
  };
}
