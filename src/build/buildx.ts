import { currentDockerContext, runCommand, ToolFailure, type CommandResult, type RunOptions } from '../tools';
import { buildArguments } from './arguments';
import { linesOfStep, readOutline, type DockerfileOutline } from './dockerfile';
import { buildFailure } from './failures';
import { findBuildx } from './plugin';
import { RawJsonReader } from './rawjson';
import { readSolveError } from './solve-error';
import { StepTracker } from './steps';
import type { BuildContext, BuildRequest, BuildStep } from './types';

/** Why BuildKit cannot be used by its command line. */
export interface BuildxUnusable {
  readonly reason: string;
}

/**
 * Builds with BuildKit.
 *
 * @returns the steps, or why there is no usable buildx; then nothing has happened yet.
 * @throws Failure as {@link buildFailure} says.
 */
export async function buildWithBuildx(
  request: BuildRequest,
  context: BuildContext,
): Promise<readonly BuildStep[] | BuildxUnusable> {
  const { toolbox } = context;
  let outline: DockerfileOutline | undefined;
  const reading = readOutline(request.dockerfile).then((read) => (outline = read));
  const tracker = new StepTracker({
    redactor: toolbox.redactor,
    onEvent: (event) => context.onEvent?.(event),
    linesOf: (name) => outline && linesOfStep(outline, name),
  });
  const text: string[] = [];
  const reader = new RawJsonReader(
    (status) => tracker.take(status),
    (line) => text.push(line),
  );
  try {
    await runBuildx(request, context, (line) => reader.line(line));
    await reading;
    tracker.end();
    return tracker.steps;
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.exitCode === undefined) throw error;
    reader.end();
    tracker.end();
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
    });
  }
}

async function runBuildx(
  request: BuildRequest,
  { toolbox, signal }: BuildContext,
  onLine: (line: string) => void,
): Promise<CommandResult> {
  const { args, env: buildArgs } = buildArguments(request, toolbox.env);
  // What buildx would ask git about the context only goes into attestations.
  const env = { BUILDX_GIT_INFO: 'false', ...buildArgs };
  const all = [
    'build',
    '--progress=rawjson',
    // Whatever builder is current, only that of the engine leaves the result in the engine's store without a copy.
    ...['--builder', (await currentDockerContext(toolbox.env)) ?? 'default'],
    // Attestations hold times and would give the same content another digest every time.
    '--provenance=false',
    '--sbom=false',
    ...(request.platforms.length === 0 ? [] : ['--platform', request.platforms.join(',')]),
    ...args,
    request.context,
  ];
  const options: RunOptions = {
    signal,
    maxCapture: 64 * 1024,
    onLine: (line, stream) => {
      if (stream === 'stderr') onLine(line);
    },
  };
  const plugin = await findBuildx(toolbox.env);
  if (plugin === undefined) return toolbox.run('docker', ['buildx', ...all], { ...options, env });
  return runCommand(
    { program: plugin, args: all, env: toolbox.processEnv(env) },
    { redactor: toolbox.redactor, ...options },
  );
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
