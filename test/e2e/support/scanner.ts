import type { Toolbox } from '../../../src/tools';

/** What lists an image's content for an SBOM, by the name that BuildKit asks for. Where it cannot be had, a stand-in. */
export async function provideScanner(tools: Toolbox): Promise<void> {
  const name = 'docker/buildkit-syft-scanner:stable-1';
  const { exitCode } = await tools.run('docker', ['image', 'inspect', name], { acceptExitCodes: [1] });
  if (exitCode === 0) return;
  const statement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://spdx.dev/Document',
    predicate: { spdxVersion: 'SPDX-2.3', name: 'stand-in', packages: [] },
  });
  const script = `echo '${statement}' > "$BUILDKIT_SCAN_DESTINATION/scan.spdx.json"`;
  const dockerfile = `FROM busybox\nENTRYPOINT ${JSON.stringify(['sh', '-c', script])}\n`;
  await tools.run('docker', ['build', '--tag', name, '-'], { stdin: dockerfile });
}
