import type { SourceRange } from './source';

/**
 * Who has to act. It decides the exit code of `vapp`: `app` 1 (the app or its files), `usage` 2 (the command line),
 * `environment` 3 (Docker, network, disk, tools, cluster).
 */
export type Fault = 'app' | 'usage' | 'environment';

/** What a failure carries. */
export interface FailureDetails {
  /** Stable identifier in kebab-case. */
  readonly code: string;
  readonly fault: Fault;
  /** One sentence for the user: what did not work, and why. */
  readonly summary: string;
  /** Lines that prove it: the last output of a tool, an event of Kubernetes. Secrets are already redacted. */
  readonly evidence?: readonly string[];
  /** Where to look first. */
  readonly range?: SourceRange;
  /** Other places that have to do with it. */
  readonly related?: readonly RelatedPlace[];
  /** What to do next, most promising first, one sentence each. */
  readonly nextSteps?: readonly string[];
  readonly cause?: unknown;
}

/** A place, and what it has to do with a failure, in a few words. */
export interface RelatedPlace {
  readonly range: SourceRange;
  readonly message: string;
  /** Present where it is a problem of its own, which is told at its place as well: lines that prove it, or none. */
  readonly evidence?: readonly string[];
}

/** An expected failure: something the user can read and act upon. Anything else thrown is a defect of ours. */
export class Failure extends Error implements FailureDetails {
  readonly code: string;
  readonly fault: Fault;
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly range?: SourceRange;
  readonly related: readonly RelatedPlace[];
  readonly nextSteps: readonly string[];

  constructor(details: FailureDetails) {
    super(details.summary, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Failure';
    this.code = details.code;
    this.fault = details.fault;
    this.summary = details.summary;
    this.evidence = details.evidence ?? [];
    if (details.range) this.range = details.range;
    this.related = details.related ?? [];
    this.nextSteps = details.nextSteps ?? [];
  }

  /** The same failure, of which more is known; this one becomes its cause. */
  with(more: Partial<Omit<FailureDetails, 'code' | 'fault'>>): Failure {
    const { code, fault, summary, evidence, range, related, nextSteps } = this;
    const known = { code, fault, summary, evidence, related, nextSteps, ...(range ? { range } : {}) };
    return new Failure({ ...known, ...more, cause: this });
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Wraps anything thrown into a Failure; a Failure stays what it is. */
export function asFailure(error: unknown, otherwise: Omit<FailureDetails, 'cause'>): Failure {
  return error instanceof Failure ? error : new Failure({ ...otherwise, cause: error });
}
