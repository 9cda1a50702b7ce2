import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import { createApp } from '../../src/scaffold';
import { Toolbox, type CommandResult } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { ensureTemplatePlatforms } from '../stack/template-images';

const DIRECTORY = join(__dirname, '..', '..', 'templates');
const TEMPLATES = readdirSync(join(DIRECTORY, 'src'));
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

const APP_NAME = 'BorderCrosser';
const NETWORK = 'vapp-test-templates';
const BROKER = `${NETWORK}-mqtt`;
const DATABROKER = `${NETWORK}-databroker`;
/** The name of the running app, and of its image. */
const APP = `${NETWORK}-app`;
const TESTS = `${NETWORK}-tests`;
const SERVICES = [
  ...['--env', 'SDV_MIDDLEWARE_TYPE=native', '--env', `SDV_MQTT_ADDRESS=mqtt://${BROKER}:1883`],
  ...['--env', `SDV_VEHICLEDATABROKER_ADDRESS=grpc://${DATABROKER}:55555`],
];
/** As the chart of apps has it. */
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
/** For a start under emulation on a machine that does other things as well. */
const READY_LIMIT_MS = 180_000;

describe('the templates on several platforms', function () {
  // Cold, Debian is set up under emulation, and each template's dependencies are installed.
  this.timeout(1_800_000);
  let tools: Toolbox;

  const docker = (...args: string[]): Promise<CommandResult> => tools.run('docker', args);

  before(async () => {
    tools = new Toolbox(await stackEnvironment());
    await ensureTemplatePlatforms(new AbortController().signal);
    await docker('network', 'create', NETWORK);
    const start = ['run', '--detach', '--network', NETWORK, '--name'];
    await docker(...start, BROKER, 'eclipse-mosquitto:2.0', 'mosquitto', '-c', '/mosquitto-no-auth.conf');
    await docker(...start, DATABROKER, 'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4', '--insecure');
  });

  after(async () => {
    await docker('rm', '--force', '--volumes', BROKER, DATABROKER);
    await docker('network', 'rm', '--force', NETWORK);
  });

  for (const template of TEMPLATES) {
    describe(template, () => {
      let parent: string;
      let repository: string;

      before(async () => {
        parent = await mkdtemp(join(tmpdir(), 'vapp-template-'));
        repository = join(parent, 'app');
        await createApp({ directory: DIRECTORY }, { template, name: APP_NAME, folder: repository });
      });

      after(async () => {
        await docker('image', 'rm', '--force', APP, TESTS);
        await rm(parent, { recursive: true, force: true });
      });

      const build = (...options: string[]): Promise<CommandResult> =>
        docker(
          ...['buildx', 'build', '--builder=default', '--provenance=false', ...options],
          ...['--file', join(repository, 'app', 'Dockerfile'), repository],
        );

      it('passes its linter and unit tests while it is built', async () => {
        await build('--target', 'unit-test', '--output', 'type=cacheonly');
      });

      it('is built for all of them at once, with its integration tests', async () => {
        await build(`--platform=${PLATFORMS.join(',')}`, '--tag', APP);
        await build(`--platform=${PLATFORMS.join(',')}`, '--target', 'integration-test', '--tag', TESTS);
        const { stdout } = await docker('image', 'inspect', '--format', '{{.Config.User}}', APP);
        assert.equal(stdout.trim(), '10001:10001');
      });

      for (const platform of PLATFORMS) {
        it(`passes its integration tests on ${platform}`, async () => {
          const common = ['--platform', platform, '--network', NETWORK, ...HARDENED, ...SERVICES];
          await docker('run', '--detach', '--name', APP, '--publish', '127.0.0.1::50008', ...common, APP);
          try {
            await untilReady(await docker('port', APP, '50008/tcp'));
            await docker('run', '--rm', ...common, TESTS);
            await docker('stop', '--time', '10', APP);
            const { stdout: code } = await docker('inspect', '--format', '{{.State.ExitCode}}', APP);
            assert.equal(code.trim(), '0');
          } finally {
            const { stdout, stderr } = await docker('logs', APP);
            await docker('rm', '--force', APP);
            assert.match(`${stdout}${stderr}`.split('\n', 1).join(''), new RegExp(`${APP_NAME} 0\\.1\\.0 started \\(`));
          }
        });
      }
    });
  }
});

async function untilReady({ stdout }: CommandResult): Promise<void> {
  const address = `http://${stdout.trim()}/healthz`;
  for (const deadline = Date.now() + READY_LIMIT_MS; ;) {
    const status = await fetch(address, { signal: AbortSignal.timeout(5000) }).then(
      (response) => response.status,
      () => undefined,
    );
    if (status === 200) return;
    assert.ok(Date.now() < deadline, `${address} answered ${status ?? 'nothing'}`);
    await sleep(200);
  }
}
