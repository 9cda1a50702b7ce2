import { harmless } from '../base';
import type { RunEvent } from '../run';
import type { Output, Renderer } from './renderer';
import { fit, formatDuration, type Style } from './style';
import { Wording, isLogLine, writeOutcome } from './text';

interface Row {
  readonly title: string;
  readonly started: number;
  message: string;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;
const ERASE_LINE = '\u001b[2K';
const UP = '\u001b[1A';

/**
 * The display of a terminal: what has ended scrolls up as lines, what is running stands below them with its time.
 * The area is drawn anew only when something changed or a frame is due, and it is gone when the last step ends.
 */
export function liveRenderer(
  out: Output,
  err: Output,
  style: Style,
  verbose = false,
  now = () => performance.now(),
): Renderer {
  const wording = new Wording(style, verbose);
  const rows = new Map<string, Row>();
  let drawn = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const erase = () => {
    if (drawn > 0) err.write(`\r${(ERASE_LINE + UP).repeat(drawn)}${ERASE_LINE}`);
    drawn = 0;
  };
  const draw = () => {
    erase();
    for (const row of rows.values()) {
      const mark = FRAMES[frame % FRAMES.length] ?? '';
      const line = `${mark} ${row.title} ${style.faint(formatDuration(now() - row.started))}${row.message ? `  ${harmless(row.message, false)}` : ''}`;
      err.write(`${fit(line, err.columns - 1)}\n`);
      drawn += 1;
    }
    if (rows.size > 0) {
      timer ??= setInterval(() => {
        frame += 1;
        draw();
      }, FRAME_MS);
    } else {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const track = (event: RunEvent) => {
    if (event.type === 'build' && event.event.type !== 'warning') {
      const row = rows.get(`build/${event.app}`);
      const said = row && buildMessage(event.event);
      if (row && said) row.message = said;
    }
    if (event.type !== 'step' || event.step === 'read') return;
    const key = `${event.step}/${event.app ?? ''}`;
    if (event.state === 'started') rows.set(key, { title: wording.title(event), started: now(), message: '' });
    else if (event.state !== 'progress') rows.delete(key);
    else {
      const row = rows.get(key);
      if (row) row.message = event.message ?? '';
    }
  };

  return {
    event(event) {
      track(event);
      const lines = wording.lines(event);
      // Most events change only what the next frame shows.
      if (lines.length === 0 && !(event.type === 'step' && event.state === 'started')) return;
      erase();
      for (const line of lines) (isLogLine(event) ? out : err).write(`${line}\n`);
      draw();
    },
    outcome(outcome, text) {
      rows.clear();
      draw();
      writeOutcome(outcome, text, wording, out, err);
    },
    dispose() {
      rows.clear();
      draw();
    },
  };
}

function buildMessage(event: Extract<RunEvent, { type: 'build' }>['event']): string | undefined {
  switch (event.type) {
    case 'step':
      return event.step.state === 'running' ? event.step.name : undefined;
    case 'output':
      return event.text.trim() || undefined;
    case 'transfer':
      return event.total > 0 ? `${event.name} ${Math.round((100 * event.current) / event.total)} %` : undefined;
    case 'warning':
      return undefined;
  }
}
