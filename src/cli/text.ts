import { formatLocation, harmless, RESET, type Failure } from '../base';
import type { BuildStep } from '../build';
import type { LogEvent } from '../logs';
import type { Outcome, RunEvent, Span } from '../run';
import type { Output, Renderer } from './renderer';
import { formatDuration, type Style } from './style';
import { timelineLines } from './timeline';

type StepEvent = Extract<RunEvent, { type: 'step' }>;

const TITLES: Record<Span['step'], string> = {
  start: 'Start of vapp',
  pod: 'Pod',
  read: 'Repository',
  docker: 'Docker',
  runtime: 'Runtime',
  build: 'Build',
  push: 'Push',
  pull: 'Pull',
  services: 'Services',
  deploy: 'Deploy',
  rollout: 'Rollout',
  test: 'Test',
  bundle: 'Bundle',
};

/** Words for a person: what a line says, without how and when it is written. */
export class Wording {
  private readonly speakers = new Set<string>();
  /** The one whose line was last. */
  private speaker = { pod: '', container: '', prefix: '' };

  constructor(
    private readonly style: Style,
    /** Ids of several apps are shown; with one app they would only be noise. */
    private readonly verbose = false,
  ) {}

  title(event: StepEvent): string {
    return this.titleOf(event);
  }

  private titleOf({ step, app }: Pick<Span, 'step' | 'app'>): string {
    return app === undefined ? TITLES[step] : `${TITLES[step]} ${app}`;
  }

  /**
   * The lines that an event leaves behind. Whatever they quote does nothing to a terminal: of an app's own lines the
   * colours are kept, of all other texts only ours.
   */
  lines(event: RunEvent): string[] {
    return isLogLine(event) ? this.words(event).map((line) => this.withColours(line)) : this.shown(this.words(event));
  }

  /** Lines of text without what would do something to a terminal; what follows a line break in one is set in. */
  shown(lines: readonly string[]): string[] {
    return lines.map((line) =>
      line
        .split(/\r?\n/)
        .map((part) => harmless(part, this.style.enabled))
        .join('\n    '),
    );
  }

  private withColours(line: string): string {
    const shown = harmless(line, true);
    return this.style.enabled && shown.includes('\u001b') ? shown + RESET : shown;
  }

  private words(event: RunEvent): string[] {
    switch (event.type) {
      case 'step':
        return this.step(event);
      case 'build':
        return event.event.type === 'step'
          ? this.buildStep(event.event.step)
          : event.event.type === 'warning'
            ? [this.warn(event.event.message)]
            : [];
      case 'runtime':
        return event.event.type === 'warning' ? [this.warn(event.event.message)] : [];
      case 'warning':
        return [this.warn(event.message), ...(event.explanation ? this.details(event.explanation) : [])];
      case 'log':
        return this.log(event.event);
      case 'live':
        return [this.live(event)];
      case 'timeline':
        return timelineLines(event.spans, (span) => this.titleOf(span));
      case 'image':
      case 'workload':
      case 'pod':
      case 'pod-moment':
        return [];
    }
  }

  failure(failure: Failure): string[] {
    const { style } = this;
    return [`${style.bad('✗')} ${style.strong(failure.summary)}`, ...this.details(failure)];
  }

  private details(failure: Failure): string[] {
    const { style } = this;
    return [
      ...(failure.range ? [`  ${formatLocation(failure.range)}`] : []),
      ...failure.related.map(({ range, message }) => `  ${formatLocation(range)}: ${message}`),
      ...failure.evidence.map((line) => style.faint(`  │ ${line}`)),
      ...failure.nextSteps.map((line) => `  → ${line}`),
    ];
  }

  private warn(message: string): string {
    return `${this.style.warning('!')} ${message}`;
  }

  private step(event: StepEvent): string[] {
    const { style } = this;
    const time = event.durationMs === undefined ? '' : style.faint(` ${formatDuration(event.durationMs)}`);
    const message = event.message ? `  ${event.message}` : '';
    const title = this.title(event);
    switch (event.state) {
      case 'finished':
        // Reading the files takes milliseconds: a line of its own would say nothing.
        return event.step === 'read' ? [] : [`${style.good('✓')} ${title}${time}${message}`];
      case 'skipped':
        return [`${style.good('=')} ${title}${time}${message}`];
      case 'failed':
        return [`${style.bad('✗')} ${title}${time}`];
      case 'cancelled':
        return [`${style.warning('-')} ${title}${time}  cancelled`];
      case 'started':
      case 'progress':
        return [];
    }
  }

  private buildStep(step: BuildStep): string[] {
    if (step.state === 'running' || step.name.startsWith('[internal]')) return [];
    if (!this.verbose && (step.state === 'cached' || (step.durationMs ?? 0) < 1000) && step.state !== 'failed')
      return [];
    const mark =
      step.state === 'cached' ? 'cached' : step.state === 'done' ? formatDuration(step.durationMs ?? 0) : step.state;
    return [this.style.faint(`    ${step.name}  ${mark}`)];
  }

  private live({ app, way, files, why, durationMs }: Extract<RunEvent, { type: 'live' }>): string {
    const { style } = this;
    const [first = '', ...more] = files;
    const what = more.length === 0 ? first : `${first} and ${more.length} more`;
    const time = durationMs === undefined ? '' : style.faint(` ${formatDuration(durationMs)}`);
    if (way === 'live') return `${style.good('↻')} Live update ${app}${time}  ${what}`;
    if (way === 'none') return style.faint(`· ${what}: no image has it, nothing to do`);
    return `${style.warning('→')} New image ${app}  ${what}: ${why ?? ''}`;
  }

  /** Remembers who speaks, so that a flood of lines of one container is not asked each time whose it is. */
  private note(pod: string, container: string): void {
    this.speakers.add(`${pod}/${container}`);
    const named = this.speakers.size > 1 || this.verbose;
    this.speaker = { pod, container, prefix: named ? `${this.style.name(`${pod} ${container}`)} ` : '' };
  }

  private log(event: LogEvent): string[] {
    const { style } = this;
    switch (event.type) {
      case 'line': {
        const { pod, container, text, unterminated } = event.line;
        if (pod !== this.speaker.pod || container !== this.speaker.container) this.note(pod, container);
        return [`${this.speaker.prefix}${text}${unterminated ? ` ${style.faint('… (no line break follows)')}` : ''}`];
      }
      case 'ended':
        return [
          style.faint(
            `${event.pod} ${event.container} ended${event.exitCode === undefined ? '' : ` with exit code ${event.exitCode}`}${event.reason ? ` (${event.reason})` : ''}`,
          ),
        ];
      case 'interrupted':
        return [this.warn(event.message)];
      case 'resumed':
        return [style.faint('log connection is back')];
      case 'started':
        return [];
      default:
        return [this.warn(event.message)];
    }
  }
}

/** Plain lines, for pipes and files: log lines to one stream, everything about the job to the other. */
export function plainRenderer(out: Output, err: Output, style: Style, verbose = false): Renderer {
  const wording = new Wording(style, verbose);
  return {
    event(event) {
      if (event.type === 'step' && event.state === 'started' && event.step !== 'read') {
        err.write(`${style.faint('·')} ${wording.title(event)} …\n`);
      }
      for (const line of wording.lines(event)) (isLogLine(event) ? out : err).write(`${line}\n`);
    },
    outcome(outcome, text) {
      writeOutcome(outcome, text, wording, out, err);
    },
    dispose: () => undefined,
  };
}

export function isLogLine(event: RunEvent): boolean {
  return event.type === 'log' && event.event.type === 'line';
}

export function writeOutcome(
  outcome: Outcome<unknown>,
  text: string | undefined,
  wording: Wording,
  out: Output,
  err: Output,
): void {
  if (outcome.status === 'failed') err.write(`${wording.shown(wording.failure(outcome.failure)).join('\n')}\n`);
  else if (outcome.status === 'cancelled') err.write('Cancelled.\n');
  else if (text) out.write(`${wording.shown(text.split('\n')).join('\n')}\n`);
}
