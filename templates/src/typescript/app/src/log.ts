/** Lines on standard output: time, level, message. */

const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
type Level = (typeof LEVELS)[number];

let threshold = LEVELS.indexOf('INFO');

/**
 * From now on, less important lines are left out.
 *
 * @throws Error when there is no such level.
 */
export function setLogLevel(name: string): void {
  const level = LEVELS.findIndex((known) => known === name.toUpperCase());
  if (level < 0) throw new Error(`"${name}" is not one of ${LEVELS.join(', ')}`);
  threshold = level;
}

export function info(message: string): void {
  write('INFO', message);
}

export function warn(message: string): void {
  write('WARNING', message);
}

export function error(message: string): void {
  write('ERROR', message);
}

function write(level: Level, message: string): void {
  if (LEVELS.indexOf(level) < threshold) return;
  process.stdout.write(`${new Date().toISOString()} ${level.padEnd(7)} ${message}\n`);
}
