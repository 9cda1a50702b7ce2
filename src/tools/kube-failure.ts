import { Failure } from '../base';

/** The API server answered, and said no. */
export class KubeApiFailure extends Failure {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** Kubernetes' machine-readable reason, e.g. `NotFound`. */
    readonly reason: string | undefined,
    /** What the server said, without our own words. */
    readonly answer: string,
    request: string,
  ) {
    super({
      code: 'kubernetes-refused',
      fault: 'environment',
      summary: `Kubernetes refused a request (${status}): ${answer}`,
      evidence: [request],
    });
    this.name = 'KubeApiFailure';
  }
}

/** The failure that says nobody answers at the cluster's address, or `clock-differs` when somebody does, at another time. */
export function clusterUnreachable(address: string, cause: unknown, evidence: readonly string[] = []): Failure {
  if (OUT_OF_TIME.has((cause as { readonly code?: string } | undefined)?.code ?? ''))
    return clockDiffers(address, cause);
  const detail = cause instanceof Error ? [cause.message] : [];
  return new Failure({
    code: 'cluster-unreachable',
    fault: 'environment',
    summary: `The local runtime's Kubernetes does not answer at ${address}.`,
    evidence: evidence.length > 0 ? evidence : detail,
    nextSteps: ['Start the runtime: `vapp up`.', 'Check that Docker is running: `vapp doctor`.'],
    cause,
  });
}

/** OpenSSL's words, as Node gives them, for a certificate that is not valid at this time of the clock. */
const OUT_OF_TIME = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

function clockDiffers(address: string, cause: unknown): Failure {
  return new Failure({
    code: 'clock-differs',
    fault: 'environment',
    summary: `The certificate of the local runtime's Kubernetes at ${address} is not valid at ${new Date().toISOString()}, the time of this machine's clock.`,
    evidence: cause instanceof Error ? [cause.message] : [],
    nextSteps: [
      'Correct the clock of this machine; after a suspension it may stand still or lag: `vapp doctor` compares it with the engine’s.',
      'Where the clock is right, the runtime is older than its certificates allow: `vapp delete`, then `vapp run`.',
    ],
    cause,
  });
}

/** The failure that the body of a refused request tells of. */
export function refusal(status: number, body: string, request: string): KubeApiFailure {
  const { message, reason } = parseStatus(body);
  return new KubeApiFailure(status, reason, message, request);
}

function parseStatus(body: string): { message: string; reason?: string } {
  try {
    const { message, reason } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    return {
      message: typeof message === 'string' ? message : body,
      ...(typeof reason === 'string' ? { reason } : {}),
    };
  } catch {
    // The kubelet and proxies in between answer with plain text or a page; that is the best there is. Of a long list of
    // health checks, only what failed tells anything.
    const failed = body.match(/^\[-\].*$/gm)?.join('\n');
    return { message: (failed ?? body.trim()).slice(0, 300) || 'no reason given' };
  }
}
