import { currentDockerContext, TailBuffer, ToolFailure, type Command } from '../tools';
import { buildArguments, buildProxies } from './arguments';
import type { Builder } from './builder';
import { linesOfStep, readOutline, type DockerfileOutline } from './dockerfile';
import { engineFacts } from './engine-facts';
import { buildFailure } from './failures';
import { runBuildx } from './plugin';
import { MAX_OBJECT_LENGTH, RawJsonReader } from './rawjson';
import { readSolveError } from './solve-error';
import { StepTracker } from './steps';
import type { BuildContext, BuildRequest, BuildStep } from './types';

/** Why BuildKit cannot be used by its command line. */
export interface BuildxUnusable {
  readonly reason: string;
}

/** What becomes of the result of a build. */
export interface BuildOutput {
  /** Arguments of buildx. */
  readonly args: readonly string[];
  readonly env?: Command['env'];
}

/** Into the engine's own store. */
async function intoEngine(builder: Builder | undefined, env: NodeJS.ProcessEnv): Promise<BuildOutput> {
  return {
    args: [
      // Whatever builder is current, only that of the engine leaves the result in the engine's store without a copy.
      ...(builder ? ['--load'] : ['--builder', (await currentDockerContext(env)) ?? 'default']),
      // Attestations hold times and would give the same content another digest every time.
      '--provenance=false',
      '--sbom=false',
    ],
    // What buildx would ask git about the context only goes into attestations.
    env: { BUILDX_GIT_INFO: 'false' },
  };
}

/**
 * Builds with BuildKit.
 *
 * @param output default: the image goes into the engine's store.
 * @returns the steps, or why there is no usable buildx; then nothing has happened yet.
 * @throws Failure as {@link buildFailure} says.
 */
export async function buildWithBuildx(
  request: BuildRequest,
  context: BuildContext,
  output?: BuildOutput,
): Promise<readonly BuildStep[] | BuildxUnusable> {
  const { toolbox } = context;
  let outline: DockerfileOutline | undefined;
  const reading = readOutline(request.dockerfile).then((read) => (outline = read));
  const tracker = new StepTracker({
    redactor: toolbox.redactor,
    onEvent: (event) => context.onEvent?.(event),
    linesOf: (name) => outline && linesOfStep(outline, name),
  });
  const words = new TailBuffer(MAX_WORDS);
  const reader = new RawJsonReader(
    (status) => tracker.take(status),
    (line) => words.write(Buffer.from(`${line}\n`)),
  );
  try {
    await run(request, context, output ?? (await intoEngine(request.builder, toolbox.env)), (line) =>
      reader.line(line),
    );
    await reading;
    tracker.end();
    return tracker.steps;
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.exitCode === undefined) throw error;
    reader.end();
    tracker.end();
    const text = words.toString().split('\n');
    const unusable = unusableReason(text, tracker.started);
    if (unusable !== undefined) return { reason: unusable };
    await reading;
    const { message, lines } = readSolveError(text);
    const { failed, started } = tracker;
    throw await buildFailure({
      request,
      message,
      lines: lines ?? failed?.step.lines,
      failed: failed && { name: failed.step.name, output: failed.output },
      started,
      facts: () => engineFacts(context.docker),
    });
  }
}

/** What is kept of buildx' words between the objects, bytes: of all it says the end tells why it failed. */
const MAX_WORDS = 1024 * 1024;

async function run(
  request: BuildRequest,
  { toolbox, signal }: BuildContext,
  output: BuildOutput,
  onLine: (line: string) => void,
): Promise<void> {
  const { args, env } = buildArguments(request, await buildProxies(toolbox.env));
  const { builder } = request;
  const all = [
    'build',
    '--progress=rawjson',
    ...(builder ? ['--builder', builder.name] : []),
    ...output.args,
    ...(request.cacheInImage ? ['--cache-to', 'type=inline'] : []),
    ...(request.cacheFrom ?? []).flatMap((image) => ['--cache-from', image]),
    ...(request.cacheTo ?? []).flatMap((cache) => ['--cache-to', cache]),
    ...(request.platforms.length === 0 ? [] : ['--platform', request.platforms.join(',')]),
    ...args,
    request.context,
  ];
  await runBuildx(toolbox, all, {
    env: { ...output.env, ...builder?.env, ...env },
    signal,
    maxCapture: 64 * 1024,
    maxLine: MAX_OBJECT_LENGTH,
    onLine: (line, stream) => {
      if (stream === 'stderr') onLine(line);
    },
  });
}

function unusableReason(text: readonly string[], started: boolean): string | undefined {
  if (started) return undefined;
  const output = text.join('\n');
  if (/'buildx' is not a docker command|unknown command "?buildx|unknown flag: --(progress|builder)/.test(output)) {
    return 'the buildx plugin of docker is missing';
  }
  if (/invalid progress mode|unknown progress mode|unknown flag/.test(output)) {
    return 'the buildx plugin of docker is older than 0.13';
  }
  return undefined;
}
