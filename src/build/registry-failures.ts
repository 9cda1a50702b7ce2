import { Failure, type FailureDetails } from '../base';
import { isAccessDenied, isDiskFull, isNetworkTrouble } from './causes';
import { hostOf } from './reference';

type Details = Omit<FailureDetails, 'cause' | 'evidence'>;

/** What it means that a registry did not hand out an image. @param message of buildx or the engine, redacted. */
export function sourceFailure(reference: string, message: string, cause?: unknown): Failure {
  const host = hostOf(reference);
  const evidence = evidenceOf(message);
  const fail = (details: Details) => new Failure({ ...details, evidence, cause });
  if (isAccessDenied(message)) {
    return fail({
      code: 'image-access-denied',
      fault: 'environment',
      summary: `${host} does not hand out ${reference}: it wants a login that may read it, or there is no such image.`,
      nextSteps: [`Log in: \`docker login ${host}\`.`, 'Check the name for typos.'],
    });
  }
  if (isNetworkTrouble(message) || PLAIN_HTTP.test(message)) return fail(unreachable(host, message));
  if (/not found|manifest unknown|name unknown|does not exist/i.test(message)) {
    return fail({
      code: 'image-not-found',
      fault: 'usage',
      summary: `There is no image ${reference}.`,
      nextSteps: ['Check name, tag and digest for typos, and that the image has been pushed.'],
    });
  }
  return fail({
    code: 'image-unavailable',
    fault: 'environment',
    summary: `The image ${reference} could not be read: ${firstLine(message)}`,
  });
}

/** What it means that a registry did not take an image. @param message of buildx, redacted. */
export function targetDetails(reference: string, message: string): Details {
  const host = hostOf(reference);
  if (isQuota(message)) {
    return {
      code: 'push-quota',
      fault: 'environment',
      summary: `${host} has no room for ${reference}, or takes no more for now.`,
      nextSteps: ['Delete old versions there, raise the quota, or try again later.'],
    };
  }
  if (isAccessDenied(message)) {
    return {
      code: 'push-denied',
      fault: 'environment',
      summary: `${host} refuses ${reference}: it wants a login that may write there.`,
      nextSteps: [
        `Log in: \`docker login ${host}\`. In a workflow the job needs \`permissions: packages: write\`.`,
        'Check owner and name of the repository.',
      ],
    };
  }
  if (isNetworkTrouble(message) || PLAIN_HTTP.test(message)) return unreachable(host, message);
  return {
    code: 'push-failed',
    fault: 'environment',
    summary: `${host} did not take ${reference}: ${firstLine(message)}`,
  };
}

const PLAIN_HTTP = /server gave HTTP response to HTTPS client/;

function unreachable(host: string, message: string): Details {
  const common = { code: 'registry-unreachable', fault: 'environment' } as const;
  if (PLAIN_HTTP.test(message)) {
    return {
      ...common,
      summary: `The registry ${host} speaks plain HTTP, which is only accepted of localhost.`,
      nextSteps: ['Give the registry a certificate, or name it in the configuration of your builder (buildkitd.toml).'],
    };
  }
  if (/x509:/.test(message)) {
    return {
      ...common,
      summary: `The certificate of the registry ${host} is not trusted.`,
      nextSteps: ['Install the authority that signed it on this machine.'],
    };
  }
  return {
    ...common,
    summary: `The registry ${host} cannot be reached.`,
    nextSteps: [
      'Check its name, the network, and HTTPS_PROXY if you need a proxy.',
      ...(/^localhost\b|^127\./.test(host)
        ? ['A builder in a container has a localhost of its own: create it with `--driver-opt network=host`.']
        : []),
    ],
  };
}

function isQuota(message: string): boolean {
  return isDiskFull(message) || /quota|too ?many ?requests|\b(413|429|507)\b|request entity too large/i.test(message);
}

function evidenceOf(message: string): string[] {
  return message
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-10);
}

function firstLine(message: string): string {
  return (message.split('\n').find((line) => line.trim() !== '') ?? '').trim();
}
