import { Failure, type FailureDetails } from '../base';
import type { PodFacts } from './pod';

/** The parts of a Service that explaining looks at, as the Kubernetes API or a chart writes them. */
export interface ServiceFacts {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly type?: string;
    readonly selector?: Readonly<Record<string, string>> | null;
    readonly ports?: readonly ServicePort[] | null;
    readonly publishNotReadyAddresses?: boolean;
  };
}

interface ServicePort {
  readonly name?: string;
  readonly port?: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
}

/** Why a Service reaches nobody, and which field of it decides that, as a path of keys and indices. */
export interface ServiceTrouble {
  readonly failure: Failure;
  readonly field: readonly string[];
}

/**
 * Says why nobody is reached by a Service, or by one of its ports, or undefined. One without a selector has endpoints
 * that somebody else writes.
 *
 * @param service as the Kubernetes API or a chart writes it.
 * @param pods all of its namespace that are not on their way out.
 */
export function explainService(service: unknown, pods: readonly unknown[]): ServiceTrouble | undefined {
  const { metadata, spec = {} } = service as ServiceFacts;
  const selector = Object.entries(spec.selector ?? {});
  if (spec.type === 'ExternalName' || selector.length === 0) return undefined;
  const name = metadata?.name ?? '';
  const running = (pods as readonly PodFacts[]).filter(({ status }) => !hasEnded(status?.phase));
  const selected = running.filter((pod) => selector.every(([key, value]) => labelOf(pod, key) === value));
  if (selected.length === 0) return noPods(name, selector, running);
  const ports = spec.ports ?? [];
  for (const [index, port] of ports.entries()) {
    const trouble = unknownPort(name, port, index, selected);
    if (trouble) return trouble;
  }
  return spec.publishNotReadyAddresses === true ? undefined : nobodyReady(name, selected);
}

type Selector = readonly (readonly [key: string, value: string])[];

function noPods(name: string, selector: Selector, pods: readonly PodFacts[]): ServiceTrouble {
  const wrong = selector.filter(([key, value]) => !pods.some((pod) => labelOf(pod, key) === value));
  const others = [...new Set(pods.map((pod) => labelsText(pod, selector)))].filter((text) => text !== '');
  return {
    failure: notReached({
      code: 'service-without-pods',
      summary: `The Service ${name} leads nowhere: no pod has the labels that it selects, ${textOf(selector)}.`,
      evidence: others.slice(0, MAX_EVIDENCE).map((text) => `There are pods with ${text}.`),
      nextSteps: ['Let the Service select labels that the chart gives its pods (spec.template.metadata.labels).'],
    }),
    field: ['spec', 'selector', ...wrong.slice(0, 1).map(([key]) => key)],
  };
}

function unknownPort(
  name: string,
  { port = 0, targetPort, protocol = 'TCP' }: ServicePort,
  index: number,
  pods: readonly PodFacts[],
): ServiceTrouble | undefined {
  const target = targetPort ?? port;
  const declared = pods.flatMap((pod) => containersOf(pod).flatMap(({ ports }) => ports ?? []));
  const known = declared.some((candidate) =>
    typeof target === 'number'
      ? candidate.containerPort === target
      : candidate.name === target && (candidate.protocol ?? 'TCP') === protocol,
  );
  // A container need not declare the ports that it listens on; by name nothing else can be found.
  const mayBeSilent = () =>
    pods.some((pod) => (pod.spec?.containers ?? []).some(({ ports = [] }) => ports.length === 0));
  if (known || (typeof target === 'number' && mayBeSilent())) return undefined;
  const listed = [...new Set(declared.map((one) => [one.containerPort, one.name].filter(Boolean).join(' ')))];
  const what = typeof target === 'number' ? `port ${target}` : `a port named ${target}`;
  return {
    failure: notReached({
      code: 'service-port-unknown',
      summary: `The Service ${name} leads nowhere from its port ${port}: no container of its pods has ${what}.`,
      evidence: [
        listed.length === 0 ? 'Its containers declare no port.' : `Its containers have: ${listed.join(', ')}.`,
      ],
      nextSteps: ['Name a port in targetPort that a container of the pods has under ports.'],
    }),
    field: ['spec', 'ports', String(index), targetPort === undefined ? 'port' : 'targetPort'],
  };
}

function nobodyReady(name: string, pods: readonly PodFacts[]): ServiceTrouble | undefined {
  const isReady = ({ status }: PodFacts) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  if (pods.some(isReady)) return undefined;
  return {
    failure: notReached({
      code: 'service-without-ready-pods',
      summary: `The Service ${name} leads nowhere: none of the pods that it selects is ready.`,
      evidence: pods.slice(0, MAX_EVIDENCE).map(({ metadata }) => `pod ${metadata?.name ?? ''} is not ready`),
      nextSteps: ['See why they are not ready: `vapp status`, and their log.'],
    }),
    field: ['spec', 'selector'],
  };
}

const MAX_EVIDENCE = 5;

function notReached(details: Omit<FailureDetails, 'fault'>): Failure {
  return new Failure({ fault: 'app', ...details });
}

function hasEnded(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

function containersOf({ spec }: PodFacts) {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

function labelOf({ metadata }: PodFacts, key: string): string | undefined {
  return metadata?.labels?.[key];
}

/** What a pod has of the labels selected. */
function labelsText(pod: PodFacts, selector: Selector): string {
  return textOf(selector.flatMap(([key]) => (labelOf(pod, key) === undefined ? [] : [[key, labelOf(pod, key) ?? '']])));
}

function textOf(labels: readonly (readonly string[])[]): string {
  return labels.map(([key, value]) => `${key ?? ''}=${value ?? ''}`).join(', ');
}
