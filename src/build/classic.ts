import { ToolFailure } from '../tools';
import { buildArguments, buildProxies } from './arguments';
import { readOutline, type Instruction } from './dockerfile';
import { engineFacts } from './engine-facts';
import { buildFailure } from './failures';
import type { BuildContext, BuildEvent, BuildRequest, BuildStep } from './types';

/**
 * Builds with the engine's first builder, which needs no plugin.
 *
 * @throws Failure as {@link buildFailure} says.
 */
export async function buildClassic(request: BuildRequest, context: BuildContext): Promise<readonly BuildStep[]> {
  const { toolbox, signal } = context;
  const { args, env } = buildArguments(request, await buildProxies(toolbox.env));
  const outline = await readOutline(request.dockerfile);
  const log = new ClassicLog(outline?.instructions ?? [], (event) => context.onEvent?.(event));
  try {
    await toolbox.run(
      'docker',
      [
        'build',
        '--force-rm',
        ...request.platforms.flatMap((platform) => ['--platform', platform]),
        ...args,
        request.context,
      ],
      {
        signal,
        env: { ...env, DOCKER_BUILDKIT: '0' },
        maxCapture: 64 * 1024,
        onLine: (line, stream) => {
          if (stream === 'stdout') log.line(line);
        },
      },
    );
    return log.finish('done');
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.exitCode === undefined) throw error;
    log.finish('failed');
    const message = error.stderr.replace(/^DEPRECATED:.*\n(?:[ \t]+.*\n)*\n*/m, '').trim();
    throw await buildFailure({
      request,
      message,
      lines: failedLines(message) ?? log.current?.step.lines,
      failed: log.current && { name: log.current.step.name, output: log.current.output },
      started: log.current !== undefined,
      facts: () => engineFacts(context.docker),
    });
  }
}

interface Current {
  step: BuildStep;
  readonly output: string[];
  readonly started: number;
}

/** Reads the classic builder's output: `Step 1/5 : FROM busybox`, ` ---> Using cache`, and what commands write. */
export class ClassicLog {
  current: Current | undefined;
  private readonly steps: BuildStep[] = [];

  constructor(
    private readonly instructions: readonly Instruction[],
    private readonly onEvent: (event: BuildEvent) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  line(raw: string): void {
    const line = withoutColour(raw);
    const begins = /^Step (\d+)\/(\d+) : (.*)$/.exec(line);
    if (begins) {
      this.close('done');
      this.open(Number(begins[1]), `[${begins[1]}/${begins[2]}] ${begins[3]}`);
    } else if (line === ' ---> Using cache') {
      if (this.current) this.current.step = { ...this.current.step, state: 'cached' };
    } else if (this.current && !NOISE.test(line)) {
      this.current.output.push(line);
      if (this.current.output.length > 30) this.current.output.shift();
      this.onEvent({ type: 'output', stepId: this.current.step.id, text: line });
    }
  }

  /** Closes the last step and answers all. */
  finish(state: 'done' | 'failed'): readonly BuildStep[] {
    this.close(state);
    return this.steps;
  }

  private open(number: number, name: string): void {
    const lines = this.instructions[number - 1]?.lines;
    const step: BuildStep = { id: String(number), name, state: 'running', ...(lines ? { lines } : {}) };
    this.current = { step, output: [], started: this.now() };
    this.onEvent({ type: 'step', step });
  }

  private close(state: 'done' | 'failed'): void {
    if (!this.current) return;
    const cached = this.current.step.state === 'cached';
    const durationMs = cached ? 0 : this.now() - this.current.started;
    this.current.step = { ...this.current.step, state: cached ? 'cached' : state, durationMs };
    this.steps.push(this.current.step);
    this.onEvent({ type: 'step', step: this.current.step });
  }
}

const NOISE =
  /^( ---> |Removing intermediate container |Successfully (built|tagged) |Sending build context to Docker daemon|\s*$)/;

function withoutColour(line: string): string {
  // The builder paints stderr of commands red.
  // eslint-disable-next-line no-control-regex
  return line.replace(/\u001b\[\d*m/g, '');
}

function failedLines(message: string): { first: number; last: number } | undefined {
  const line = /parse error on line (\d{1,7})/.exec(message)?.[1];
  return line === undefined ? undefined : { first: Number(line), last: Number(line) };
}
