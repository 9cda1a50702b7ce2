import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '../../../src/deploy/content';
import type { DeployRequest } from '../../../src/deploy';

describe('the content of a revision', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-content-'));
    await mkdir(join(folder, 'chart', 'templates'), { recursive: true });
    await writeFile(join(folder, 'chart', 'Chart.yaml'), 'name: x\n');
    await writeFile(join(folder, 'chart', 'templates', 'a.yaml'), 'a\n');
    await writeFile(join(folder, 'values.yaml'), 'env: { A: file }\n');
  });

  afterEach(() => rm(folder, { recursive: true }));

  function request(change: Partial<DeployRequest> = {}): DeployRequest {
    const chartPath = join(folder, 'chart');
    return {
      release: 'x',
      namespace: 'default',
      chartPath,
      chart: {
        source: 'repository',
        path: chartPath,
        valuesFiles: [join(folder, 'values.yaml')],
        values: {},
        imageValues: { reference: 'image' },
      },
      image: { repository: 'r', digest: 'sha256:1' },
      defaults: { env: { A: 'default', B: 'default' } },
      access: { kubeconfig: '/none', context: 'none' },
      timeoutMs: 1,
      ...change,
    };
  }

  const hash = async (change?: Partial<DeployRequest>) => (await readContent(request(change))).hash;

  it('has a name that fits into a label and stays the same', async () => {
    assert.match(await hash(), /^[0-9a-f]{40}$/);
    assert.equal(await hash(), await hash());
  });

  it('has a second name, which does not change with the image', async () => {
    const config = async (change?: Partial<DeployRequest>) => (await readContent(request(change))).configHash;
    const names = [
      await config(),
      await config({ defaults: {} }),
      await config({ chart: { ...request().chart, values: { word: 'new' } } }),
    ];
    await writeFile(join(folder, 'chart', 'templates', 'a.yaml'), 'b\n');
    names.push(await config());
    assert.equal(new Set(names).size, 4);
    assert.equal(await config({ image: { repository: 'other', digest: 'sha256:2' } }), await config());
    assert.match(await config(), /^[0-9a-f]{40}$/);
  });

  it('has another name when a template, a values file, a value or the image changes', async () => {
    const seen = new Set([await hash()]);
    seen.add(await hash({ image: { repository: 'r', digest: 'sha256:2' } }));
    seen.add(await hash({ defaults: {} }));
    await writeFile(join(folder, 'chart', 'templates', 'a.yaml'), 'b\n');
    seen.add(await hash());
    await writeFile(join(folder, 'values.yaml'), 'env: { A: file } # said otherwise\n');
    seen.add(await hash());
    await writeFile(join(folder, 'chart', 'templates', 'b.yaml'), '');
    seen.add(await hash());
    assert.equal(seen.size, 6);
  });

  it('lets the values file have its say', async () => {
    assert.deepEqual((await readContent(request())).values, { env: { B: 'default' }, image: 'r@sha256:1' });
  });

  it('follows symbolic links, but not in a circle', async () => {
    const before = await hash();
    await symlink(join(folder, 'chart'), join(folder, 'chart', 'circle'));
    await symlink(join(folder, 'values.yaml'), join(folder, 'chart', 'linked.yaml'));
    assert.notEqual(await hash(), before);
  });

  it('leaves it to Helm to say what is wrong in a values file', async () => {
    await writeFile(join(folder, 'values.yaml'), 'a: [\n');
    assert.deepEqual((await readContent(request())).values['env'], { A: 'default', B: 'default' });
  });

  it('names a chart or a values file that is not there', async () => {
    await rm(join(folder, 'values.yaml'));
    await assert.rejects(readContent(request()), { code: 'values-file-unreadable', fault: 'app' });
    await writeFile(join(folder, 'values.yaml'), '');
    await assert.rejects(readContent(request({ chartPath: join(folder, 'nowhere') })), { code: 'chart-unreadable' });
  });
});
