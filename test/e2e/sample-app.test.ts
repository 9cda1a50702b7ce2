import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultServices } from '../../src/project/service-defaults';
import { readRepository } from '../../src/project';
import { createSample } from '../support/sample';
import { runSampleTests } from './support/sample';

describe('the sample app', function () {
  // The first time, the SDK is downloaded.
  this.timeout('5m');
  let base: string;
  let sample: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-sample-'));
    sample = await createSample(join(base, 'app'));
  });

  after(() => rm(base, { recursive: true, force: true }));

  it('is a repository without problems, and its services are the usual ones', async () => {
    const repository = await readRepository(sample);
    assert.deepEqual(repository.problems, []);
    assert.deepEqual(
      repository.apps.map(({ id, name, port }) => [id, name.value, port]),
      [['sampleapp', 'SampleApp', 50008]],
    );
    assert.deepEqual(
      repository.services.map(({ id, image, args, ports }) => ({ id, image, args, ports })),
      defaultServices().map(({ id, image, args, ports }) => ({ id, image, args, ports })),
    );
  });

  it('passes its unit tests and leaves no file behind', async () => {
    const before = await readdir(sample, { recursive: true });
    const output = await runSampleTests('unit', sample);
    assert.match(output, /^Ran [1-9]\d* tests/m);
    assert.match(output, /^OK$/m);
    assert.deepEqual(await readdir(sample, { recursive: true }), before);
  });
});
