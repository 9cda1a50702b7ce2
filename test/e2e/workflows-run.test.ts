import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Toolbox, dockerClient, runCommand } from '../../src/tools';
import { ensureAct } from '../stack/parts/workflow-tools';
import { ensureTemplatePlatforms } from '../stack/template-images';
import { Act } from './support/act';
import { manifest } from './support/images';
import { lazyContext } from './support/lazy-context';
import { TestRegistry } from './support/registry';
import { provideScanner } from './support/scanner';
import { TestWorkspace } from './support/workspace';

const IMAGE = 'example/speed-app/sampleapp';
const CHART = 'example/speed-app/charts/sampleapp';
/** Those of the templates, and the one that is added: this machine emulates all but its own. */
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
const FAILING_TEST = '\nfunc TestFails(t *testing.T) { t.Fatal("this test fails") }\n';

/** Each test goes on where the one before ended. Signing and the release's notes need GitHub, and are left out. */
describe('the workflows of a new repository, run by act', function () {
  // The first time, act is built.
  this.timeout('20m');
  let base: string;
  let workspace: TestWorkspace;
  let registry: TestRegistry;
  let tools: Toolbox;
  let act: Act;
  let commit: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-act-'));
    await ensureTemplatePlatforms(new AbortController().signal);
    workspace = await TestWorkspace.sample('Geschwindigkeit', 'go');
    // The one line with which everything follows to another platform.
    await workspace.edit('vapp.yaml', /(?<=platforms: \[.*)\]/, ', linux/arm/v7]');
    tools = new Toolbox(workspace.environment());
    registry = await TestRegistry.start(await dockerClient(tools));
    await provideScanner(tools);
    act = await Act.on(workspace, await ensureAct(await lazyContext()), base);
    commit = await act.commit('New app');
  });

  after(async () => {
    await registry.dispose();
    await workspace.dispose();
    await rm(base, { recursive: true, force: true });
  });

  async function digestOf(repository: string, tag: string): Promise<string | null> {
    return (await manifest(registry.host, repository, tag)).headers.get('docker-content-digest');
  }

  it('refuse to release what CI has not passed', async () => {
    const { exitCode, output } = await act.push('release.yml', 'refs/tags/v1.2.3', registry.host);
    assert.equal(exitCode, 1, output);
    assert.match(output, /CI has not passed for this commit/);
  });

  it('check the sources, push an image, test that very image in a cluster, and mark it', async () => {
    const { exitCode, output } = await act.push('ci.yml', 'refs/heads/main', registry.host);
    assert.equal(exitCode, 0, output);
    const tests = PLATFORMS.map((platform) => `Integration tests \\(sampleapp, ${platform}\\)`);
    for (const job of ['Lint and unit tests', 'Image', ...tests, 'Mark as tested']) {
      assert.match(output, new RegExp(`CI/${job}.*Job succeeded`), output);
    }
    const digest = await digestOf(IMAGE, commit);
    assert.match(digest ?? '', /^sha256:/);
    assert.equal(await digestOf(IMAGE, `tested-${commit}`), digest);
    assert.match(
      output,
      new RegExp(`Matrix: map\\[.*${IMAGE}@${digest ?? ''}`),
      'the image that is tested is that one',
    );
    assert.equal(output.match(/--- PASS: TestANewSpeedIsPublished/g)?.length, PLATFORMS.length, output);
  });

  it('release the digest that was tested, and a chart that names it', async () => {
    const { exitCode, output } = await act.push('release.yml', 'refs/tags/v1.2.3', registry.host);
    assert.equal(exitCode, 0, output);
    const digest = await digestOf(IMAGE, `tested-${commit}`);
    assert.equal(await digestOf(IMAGE, '1.2.3'), digest);
    const reference = `oci://${registry.host}/${CHART}`;
    const { stdout } = await tools.run('helm', ['template', 'x', reference, '--version', '1.2.3', '--plain-http']);
    assert.ok(stdout.includes(`image: "${registry.host}/${IMAGE}@${digest ?? ''}"`), stdout);
  });

  it('fail when a test fails, and mark nothing', async () => {
    await workspace.edit('app/tests/unit/health_test.go', /$/, FAILING_TEST);
    const broken = await act.commit('Break it');
    const { exitCode, output } = await act.push('ci.yml', 'refs/heads/main', registry.host);
    assert.equal(exitCode, 1, output);
    assert.match(output, /this test fails/);
    assert.equal((await manifest(registry.host, IMAGE, broken)).status, 404);
  });

  it('leave no cluster behind', async () => {
    const { stdout } = await runCommand({
      program: await tools.path('k3d'),
      args: ['cluster', 'list', '--no-headers'],
      env: tools.processEnv(),
    });
    assert.doesNotMatch(stdout, /speed-app/i);
  });
});
