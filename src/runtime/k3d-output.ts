import { stripVTControlCharacters } from 'node:util';
import { Failure, type SourceRange } from '../base';
import type { ToolFailure } from '../tools';

/** Longest time k3d may take, milliseconds; pulling its helper image is included. */
export const K3D_TIMEOUT_MS = 10 * 60_000;

/** Variables with which k3d writes the lines that are read here, whatever the user has set. */
export const K3D_OUTPUT = { LOG_COLORS: 'true', LOG_LEVEL: 'info' } as const;

/** k3d's log lines as progress. */
export function k3dProgress(onProgress: (message: string) => void): (line: string) => void {
  return (line) => {
    const { level, message } = logLine(line);
    if (level === 'INFO' && message !== undefined) onProgress(message);
  };
}

/** k3d colours its lines even when nobody looks: `INFO[0003] Starting servers...`. */
function logLine(line: string): { level?: string; message?: string } {
  const [, level, message] = /^([A-Z]{4})\[\d+\] (.*)$/.exec(stripVTControlCharacters(line)) ?? [];
  return level !== undefined && message !== undefined ? { level, message: message.trim() } : {};
}

/** What k3d says went wrong, without time and level. */
export function k3dErrors(stderr: string): string[] {
  const errors = stderr
    .split(/\r?\n/)
    .map(logLine)
    .filter(({ level }) => level !== undefined && /^(ERRO|FATA|WARN)$/.test(level))
    .flatMap(({ message }) => (message ?? '').split('\n'))
    .map((line) => line.trim())
    .filter(Boolean);
  return errors.length > 0 ? [...new Set(errors)].slice(-12) : stderr.trim().split(/\r?\n/).slice(-12);
}

/** What it means for the user that k3d could not create a cluster. */
export function creationFailure(error: ToolFailure, cluster: string, image: string, imageRange?: SourceRange): Failure {
  const text = error.stderr || error.stdout;
  if (/failed to pull|pull access denied|manifest unknown|no such image|manifest for .* not found/i.test(text)) {
    return imageUnavailable(image, k3dErrors(text), error, imageRange);
  }
  return notStarted(error, `The local runtime ${cluster} could not be created.`);
}

/** The failure that says an image of the runtime can neither be found in the engine nor pulled. */
export function imageUnavailable(
  image: string,
  evidence: readonly string[],
  cause: unknown,
  range?: SourceRange,
): Failure {
  return new Failure({
    code: 'image-unavailable',
    // Who names an image of their own is the one to correct it; without a network it is not the app's fault.
    fault:
      range && /not found|manifest unknown|access denied|invalid reference/i.test(evidence.join('\n'))
        ? 'app'
        : 'environment',
    summary: `The image ${image}, which the local runtime needs, is not in Docker and could not be pulled.`,
    evidence,
    ...(range ? { range } : {}),
    nextSteps: [
      range
        ? 'Correct `runtime.k3sImage` in vapp.yaml if the name is wrong.'
        : 'Check that Docker reaches the registry.',
      `See for yourself: \`docker pull ${image}\`.`,
    ],
    cause,
  });
}

/** k3d's failure in words of ours; a missing k3d or a timeout says enough itself. */
export function notStarted(error: ToolFailure, summary: string): Failure {
  if (error.code !== 'tool-failed') return error;
  return new Failure({
    code: 'cluster-not-created',
    fault: 'environment',
    summary,
    evidence: k3dErrors(error.stderr || error.stdout),
    nextSteps: ['Check the machine with `vapp doctor`.', 'Remove it and try again: `vapp delete`, then `vapp up`.'],
    cause: error,
  });
}

/** Kubernetes is up and k3d does not come to its end. */
export function k3dUnfinished(cluster: string): Failure {
  return new Failure({
    code: 'k3d-unfinished',
    fault: 'environment',
    summary: `Kubernetes runs in ${cluster}, but k3d did not finish its last steps, which add names to the cluster's DNS.`,
    nextSteps: ['Restart the runtime: `vapp stop`, then `vapp up`.'],
  });
}
