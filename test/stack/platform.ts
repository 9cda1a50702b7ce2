import { Failure } from '../../src/base';

/** A processor under Go's and Docker's name. */
export type Processor = 'amd64' | 'arm64';

/** The machine's processor under the names that publishers use. */
export interface Platform {
  /** Go's and Docker's name. */
  readonly go: Processor;
  /** The kernel's name. */
  readonly machine: 'x86_64' | 'aarch64';
}

/** @throws Failure `platform-unsupported`: the stack runs on Linux, amd64 or arm64. */
export function thisPlatform(os: string = process.platform, architecture: string = process.arch): Platform {
  if (os === 'linux' && architecture === 'x64') return { go: 'amd64', machine: 'x86_64' };
  if (os === 'linux' && architecture === 'arm64') return { go: 'arm64', machine: 'aarch64' };
  throw new Failure({
    code: 'platform-unsupported',
    fault: 'environment',
    summary: `The stack runs on Linux on amd64 or arm64, not on ${os} ${architecture}.`,
    nextSteps: ['Run it in a Linux virtual machine or in the devcontainer.'],
  });
}
