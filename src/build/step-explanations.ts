import { readFile } from 'node:fs/promises';
import { startOfFile, type SourceRange } from '../base';
import { exitCodeIn, shortName, type BrokenBuild, type Details } from './explanation';
import { adviceForStep, describeTrouble, fetches, findNetworkTrouble } from './network-trouble';

/** A command that is a program for another platform, or starts one. */
export async function foreignProgram(broken: BrokenBuild, range?: SourceRange): Promise<Details | undefined> {
  const { message, failed, request } = broken;
  if (![message, ...(failed?.output ?? [])].some((line) => /exec format error/i.test(line))) return undefined;
  const common = { range: range ?? startOfFile(request.dockerfile) };
  if (request.platforms.length > 0 || (await namesPlatform(request.dockerfile))) {
    return {
      ...common,
      code: 'platform-unsupported',
      fault: 'environment',
      summary: `${shortName(failed) ?? 'A step'} cannot run here: this machine does not run programs of the other platform (exec format error).`,
      nextSteps: [
        'Install emulation: `docker run --privileged --rm tonistiigi/binfmt --install all`, or the package qemu-user-static.',
        'Or cross-compile in a stage that runs on this machine: FROM --platform=$BUILDPLATFORM.',
      ],
    };
  }
  return {
    ...common,
    code: 'build-failed',
    fault: 'app',
    summary: `${shortName(failed) ?? 'A step'} starts a program that is not for this platform (exec format error).`,
    nextSteps: ['Take the program for the platform of the image, or compile it in the Dockerfile.'],
  };
}

/** Whether the Dockerfile itself builds upon an image of some other platform. */
async function namesPlatform(dockerfile: string): Promise<boolean> {
  const text = await readFile(dockerfile, 'utf8').catch(() => '');
  return /^[ \t]*FROM[ \t]+--platform=(?!\$\{?(?:BUILD|TARGET)PLATFORM\b)/im.test(text);
}

/** A command that could not fetch what it needs. */
export function unreachableInStep({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  if (exitCodeIn(message) === undefined || !failed || !fetches(failed.name)) return undefined;
  const trouble = findNetworkTrouble(failed.output);
  if (!trouble) return undefined;
  return {
    code: 'network',
    fault: 'environment',
    range: range ?? startOfFile(request.dockerfile),
    summary: `${shortName(failed) ?? 'A command'} could not fetch what it needs: ${describeTrouble(trouble)}.`,
    nextSteps: adviceForStep(trouble, failed.name),
  };
}

export function failedCommand({ message, failed, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const exitCode = exitCodeIn(message);
  if (exitCode === undefined) return undefined;
  const trouble = findNetworkTrouble(failed?.output ?? []);
  return {
    code: 'build-failed',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `${shortName(failed) ?? 'A command of the Dockerfile'} failed with exit code ${exitCode}.`,
    nextSteps: trouble
      ? [
          `It seems to have had no network, since ${describeTrouble(trouble)}: check the connection, and HTTP_PROXY and HTTPS_PROXY if you need a proxy.`,
        ]
      : [],
  };
}

/** A secret that a command wants, and no build of ours has. */
export function missingSecret({ message, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const secret = /^secret (\S+): not found/m.exec(message)?.[1];
  if (secret === undefined) return undefined;
  return {
    code: 'build-secret-missing',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `The build needs the secret ${secret}, and vapp hands no secrets to builds.`,
    nextSteps: ['Leave out `required=true`, and let the command do without the secret.'],
  };
}

/** A `FROM` that an argument without a value makes empty. */
export function missingArgument({ message, request }: BrokenBuild, range?: SourceRange): Details | undefined {
  const blank =
    /base name \((.+?)\) should not be blank/.exec(message)?.[1] ??
    /failed to parse stage name "([^"]*[:@])": invalid reference format/.exec(message)?.[1];
  if (blank === undefined) return undefined;
  return {
    code: 'build-arg-missing',
    fault: 'app',
    range: range ?? startOfFile(request.dockerfile),
    summary: `FROM names no image: an argument in it has no value (${blank}).`,
    nextSteps: [
      'Give the argument a default before the first FROM: ARG NAME=value.',
      'Or give it a value in vapp.yaml, under buildArgs of the app.',
    ],
  };
}
