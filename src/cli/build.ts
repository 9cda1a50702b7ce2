import { resolve } from 'node:path';
import type { Command } from 'commander';
import { buildApps, packageApp, pushBuild, testApps } from '../core';
import type { AppPackage, Outcome, ReleaseImage, RunEvent, Session } from '../run';
import { contextOption } from './context-option';
import { imagesText } from './reports';
import type { Style } from './style';

type Job<T> = (session: Session, emit: (event: RunEvent) => void) => Promise<Outcome<T>>;

/** How the commands around an image are carried out and shown. */
export interface BuildCommands {
  readonly signal: AbortSignal;
  readonly cwd: string;
  readonly parseDuration: (text: string) => number;
  /** Runs a job in the workspace. */
  readonly inWorkspace: <T>(job: Job<T>, text?: (value: T, style: Style) => string) => Promise<void>;
}

interface BuildOptions {
  readonly platform?: string[] | 'all';
  readonly cache: string | boolean;
  readonly push?: string;
  readonly sbom?: boolean;
  readonly provenance?: boolean;
}

const BUILD_HELP = `
Without --push the images are for this machine. With --push one app is built for all platforms that vapp.yaml names, or
those given, and pushed as one image by the current builder of buildx, with the credentials of docker. What is answered
(with --output json: in the outcome) is its digest. The cache in a registry is for machines that are new each time.`;

/** Adds `build`, `test` and `package`. */
export function addBuildCommands(program: Command, commands: BuildCommands): void {
  const { signal, cwd, parseDuration, inWorkspace: act } = commands;
  program
    .command('build')
    .description('build the images of apps into the local engine, or push one to a registry')
    .argument('[apps...]', 'apps to build (default: all)')
    .option('-p, --platform <platforms>', 'e.g. linux/arm64,linux/amd64, or `all` that vapp.yaml names', parsePlatforms)
    .option('--no-cache', 'build every step anew')
    .option('--push <repository[:tag]>', 'push to this repository, for all platforms that vapp.yaml names')
    .option('--sbom', 'attach a list of what is in the image; with --push')
    .option('--provenance', 'attach how the image was built; with --push')
    .option('--cache <reference>', 'keep the cache of the steps in a registry under this name; with --push')
    .addHelpText('after', BUILD_HELP)
    .action((apps: string[], options: BuildOptions, command: Command) => {
      const { platform: platforms, push, sbom, provenance, cache } = options;
      const common = { apps, noCache: cache === false, ...(platforms === undefined ? {} : { platforms }) };
      if (push === undefined) {
        if (sbom || provenance || typeof cache === 'string')
          command.error('error: --sbom, --provenance and --cache need --push: they belong to an image in a registry.');
        return act((session, emit) => buildApps(session, common, emit, signal), imagesText);
      }
      const request = {
        ...common,
        push,
        ...(sbom === undefined ? {} : { sbom }),
        ...(provenance === undefined ? {} : { provenance }),
        ...(typeof cache === 'string' ? { cache } : {}),
      };
      return act((session, emit) => pushBuild(session, request, emit, signal), releaseText);
    });

  program
    .command('test')
    .description('run the integration tests of deployed apps in the cluster')
    .argument('[apps...]', 'apps to test (default: all)')
    .option('--image <reference>', 'run this image of tests instead of building the stage of the Dockerfile')
    .option('-p, --platform <platform>', "platform of the tests' image, e.g. linux/arm64 (default: the engine's own)")
    .addOption(contextOption())
    .option('--timeout <duration>', 'longest time for the tests of an app (default: 5m)', parseDuration)
    .action((apps: string[], options: { context?: string; image?: string; platform?: string; timeout?: number }) => {
      const { timeout, ...rest } = options;
      const request = { apps, ...rest, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
      return act((session, emit) => testApps(session, request, emit, signal));
    });

  program
    .command('package')
    .description('pack the chart of an app, with its image pinned, for publishing')
    .argument('[app]', 'app (default: the only one)')
    .requiredOption('--image <reference>', 'image by digest, e.g. ghcr.io/owner/app@sha256:…')
    .requiredOption('--version <version>', 'version of the package and of the app, e.g. 1.2.3')
    .option('--destination <folder>', 'folder for the package', '.')
    .action((app: string | undefined, options: { image: string; version: string; destination: string }) => {
      const { image, version, destination } = options;
      const request = { ...(app === undefined ? {} : { app }), image, version, destination: resolve(cwd, destination) };
      return act((session) => packageApp(session, request, signal), packageText);
    });
}

function parsePlatforms(value: string): string[] | 'all' {
  return value === 'all' ? 'all' : value.split(',').map((platform) => platform.trim());
}

function releaseText(images: readonly ReleaseImage[]): string {
  return images.map(({ reference, digest, platforms }) => `${reference}@${digest}  ${platforms.join(', ')}`).join('\n');
}

function packageText({ file }: AppPackage): string {
  return file;
}
