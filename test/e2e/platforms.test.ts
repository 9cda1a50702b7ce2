import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Toolbox } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { ensureTemplatePlatforms } from '../stack/template-images';

const IMAGE = 'vapp-test-platforms';
const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const;

/** What the kernel calls the processor of a platform. */
const MACHINES = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' } as const;

describe('several platforms', function () {
  // Cold, Debian is set up under emulation.
  this.timeout(1_800_000);
  let tools: Toolbox;
  let folder: string;

  before(async () => {
    await ensureTemplatePlatforms(new AbortController().signal);
    tools = new Toolbox(await stackEnvironment());
    folder = await mkdtemp(join(tmpdir(), 'vapp-platforms-'));
  });

  after(async () => {
    await tools.run('docker', ['image', 'rm', '--force', IMAGE]);
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (platform: string, image: string, ...command: string[]): Promise<string> => {
    const { stdout } = await tools.run('docker', ['run', '--rm', '--platform', platform, image, ...command]);
    return stdout.trim();
  };

  for (const platform of PLATFORMS) {
    it(`run on ${platform}, in each image that templates end with`, async () => {
      assert.equal(await run(platform, 'debian:bookworm-slim', 'uname', '-m'), MACHINES[platform]);
      const python = ['python', '-c', 'import platform; print(platform.machine())'];
      assert.equal(await run(platform, 'python:3.11-slim', ...python), MACHINES[platform]);
      const node = ['node', '-p', 'os.machine()'];
      assert.equal(await run(platform, 'node:22-slim', ...node), MACHINES[platform]);
    });
  }

  it('are built into one image', async () => {
    await writeFile(
      join(folder, 'Dockerfile'),
      'FROM debian:bookworm-slim\nRUN uname -m > /machine\nCMD ["cat", "/machine"]\n',
    );
    const options = ['--builder=default', `--platform=${PLATFORMS.join(',')}`, '--provenance=false'];
    await tools.run('docker', ['buildx', 'build', ...options, '--tag', IMAGE, folder]);
    for (const platform of PLATFORMS) assert.equal(await run(platform, IMAGE), MACHINES[platform]);
  });
});
