import assert from 'node:assert/strict';
import type { ReleaseImage } from '../../src/run';
import { Toolbox, dockerClient, type Docker } from '../../src/tools';
import { ensureTemplatePlatforms } from '../stack/template-images';
import { ContainerBuilder } from './support/container-builder';
import { manifest } from './support/images';
import { TestWorkspace, assertDone } from './support/workspace';

const REPOSITORY = 'owner/repo/sampleapp';
/** What the kernel calls the processor of a platform. */
const MACHINES = { 'linux/amd64': 'x86_64', 'linux/arm64': 'aarch64' };

describe('several platforms, by a builder in a container', function () {
  // Cold, BuildKit is compiled, and Debian is set up under emulation.
  this.timeout(1_800_000);
  let workspace: TestWorkspace;
  let builder: ContainerBuilder | undefined;
  let docker: Docker;
  let tools: Toolbox;
  let pushed: ReleaseImage;

  before(async () => {
    await ensureTemplatePlatforms(new AbortController().signal);
    workspace = await TestWorkspace.sample('Fremd gebaut');
    tools = new Toolbox(workspace.environment());
    docker = await dockerClient(tools);
    builder = await ContainerBuilder.create(tools, docker, ['python:3.11-slim']);
  });

  after(async () => {
    await builder?.dispose();
    await workspace.dispose();
  });

  it('are built at once, where the processor is foreign by emulation, and pushed as one', async () => {
    assert.ok(builder);
    const target = `${builder.registry.host}/${REPOSITORY}`;
    const result = await workspace.vapp(['build', '--push', `${target}:abc`, '--provenance'], { env: builder.env });
    assertDone(result);
    const [image] = result.outcome.value as ReleaseImage[];
    assert.ok(image);
    pushed = image;
    assert.deepEqual(pushed.platforms, Object.keys(MACHINES));
    const index = (await (await manifest(builder.registry.host, REPOSITORY, pushed.digest)).json()) as {
      manifests: { platform: { architecture: string } }[];
    };
    assert.deepEqual(index.manifests.map(({ platform }) => platform.architecture).sort(), [
      'amd64',
      'arm64',
      // What attests each of them.
      'unknown',
      'unknown',
    ]);
  });

  it('leave the engine’s store as it was', async () => {
    const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    assert.deepEqual(
      tags.filter((tag) => tag.includes(REPOSITORY)),
      [],
    );
  });

  for (const [platform, machine] of Object.entries(MACHINES)) {
    it(`run on ${platform}`, async () => {
      const script = 'import platform, velocitas_sdk; print(platform.machine())';
      const run = ['run', '--rm', '--platform', platform, '--entrypoint', 'python', pushed.image, '-c', script];
      const { stdout } = await tools.run('docker', run);
      assert.equal(stdout.trim(), machine);
      // Otherwise the engine would keep the one platform under the name of both.
      await tools.run('docker', ['rmi', '--force', pushed.image]);
    });
  }
});
