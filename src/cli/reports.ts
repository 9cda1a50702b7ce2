import { formatLocation, harmless } from '../base';
import type { BuiltImage } from '../build';
import { formatBytes, shortDigest } from '../core';
import type { AppDescription, ContextStatus, DoctorReport, WorkspaceStatus } from '../run';
import type { RuntimeStatus } from '../runtime';
import type { Style } from './style';

export function imagesText(images: readonly BuiltImage[]): string {
  return images
    .map(
      (image) =>
        `${image.tag}  ${shortDigest(image.imageId)}  ${formatBytes(image.size)}  ${image.platforms.join(', ')}`,
    )
    .join('\n');
}

export function appsText(apps: readonly AppDescription[]): string {
  const width = Math.max(0, ...apps.map(({ id }) => id.length));
  return apps
    .map(({ id, dockerfile, platforms }) => `${id.padEnd(width)}  ${dockerfile}  ${platforms.join(', ')}`)
    .join('\n');
}

export function runtimeText(status: RuntimeStatus): string {
  return runtimeLines(status, status.state).join('\n');
}

function runtimeLines(status: RuntimeStatus, state: string): string[] {
  return [
    `${status.cluster}  ${state}`,
    ...status.services.map((service) =>
      `  ${service.id.padEnd(20)} ${service.cluster.padEnd(28)} ${service.local ?? ''}`.trimEnd(),
    ),
  ];
}

export function statusText(status: WorkspaceStatus, style: Style): string {
  const { runtime, activity } = status;
  // Whoever is starting it waits for what is missing yet.
  const failure = runtime.failure && activity !== 'starting' ? [style.bad(runtime.failure.summary)] : [];
  const contexts = status.contexts.map((name) => `${name}  another cluster: \`vapp status --context ${name}\``);
  return [
    ...runtimeLines(runtime, activity ?? runtime.state),
    ...failure,
    ...appLines(status, style),
    ...contexts,
    ...problemLines(status, style),
  ].join('\n');
}

/** What runs where in a cluster that is not ours. */
export function contextStatusText(status: ContextStatus, style: Style): string {
  const { context, namespace = 'of each app', registry } = status;
  return [
    `context ${context}`,
    `  namespace  ${namespace}`,
    `  registry   ${registry}`,
    ...appLines(status, style),
    ...problemLines(status, style),
  ].join('\n');
}

function appLines({ apps }: Pick<WorkspaceStatus, 'apps'>, style: Style): string[] {
  return apps.flatMap(({ id, name, release }) => {
    if (!release) return [`${style.strong(name)} (${id})  not deployed`];
    return [
      `${style.strong(name)} (${id})  revision ${release.revision}, ${release.status}`,
      ...release.pods.flatMap((pod) => [
        `  ${pod.name}  ${pod.phase}`,
        ...pod.containers.map(
          (container) =>
            `    ${container.name}  ${container.ready ? 'ready' : 'not ready'}, ${container.restarts} restarts${container.reason ? `, ${container.reason}` : ''}`,
        ),
      ]),
    ];
  });
}

function problemLines({ problems }: Pick<WorkspaceStatus, 'problems'>, style: Style): string[] {
  return problems.map(
    (problem) =>
      `${problem.severity === 'error' ? style.bad('✗') : style.warning('!')} ${formatLocation(problem.range)} ${problem.message}`,
  );
}

export function doctorText(report: DoctorReport, style: Style): string {
  const marks = { ok: style.good('✓'), warning: style.warning('!'), error: style.bad('✗'), skipped: '–' };
  return report.checks
    .flatMap((check) => [
      `${marks[check.state]} ${check.title.padEnd(12)} ${harmless(check.message, false)}`,
      ...check.nextSteps.map((step) => `    → ${harmless(step, false)}`),
    ])
    .join('\n');
}
