import assert from 'node:assert/strict';
import type { AppTest, WorkspaceStatus } from '../../src/run';
import { ensureTemplateImages } from '../stack/template-images';
import { TestWorkspace, assertDone, type VappResult } from './support/workspace';

/** Where each template says that it has started. */
const TEMPLATES = {
  python: 'app/src/main.py',
  cpp: 'app/src/main.cpp',
  go: 'app/src/main.go',
  typescript: 'app/src/main.ts',
};

describe('the templates in the local runtime', function () {
  // Cold, each template's dependencies are installed.
  this.timeout('20m');

  before(() => ensureTemplateImages(new AbortController().signal));

  for (const [template, source] of Object.entries(TEMPLATES)) {
    describe(template, () => {
      let workspace: TestWorkspace;

      before(async () => {
        workspace = await TestWorkspace.sample(`Vorlage ${template}`, template);
      });

      after(() => workspace.dispose());

      it('runs to its log lines', async () => {
        assert.match(await startLine(), /SampleApp 0\.1\.0 started \(/);
      });

      it('passes its integration tests beside it', async () => {
        const [test] = valueOf(await workspace.vapp(['test'])) as AppTest[];
        assert.match(test?.image ?? '', /@sha256:/);
      });

      it('shows the new line after a source line changed', async () => {
        await workspace.edit(source, ' started (', ' started anew (');
        assert.match(await startLine(), /SampleApp 0\.1\.0 started anew \(/);
      });

      it('is what serves, without having been restarted', async () => {
        const { apps } = valueOf(await workspace.vapp(['status'])) as WorkspaceStatus;
        const pods = apps[0]?.release?.pods ?? [];
        const running = pods.filter(({ phase }) => phase === 'Running');
        assert.deepEqual(
          running.flatMap(({ containers }) => containers.map(({ restarts }) => restarts)),
          [0],
        );
      });

      async function startLine(): Promise<string> {
        const run = await workspace.vapp(['run', '--no-follow']);
        assertDone(run);
        return run.lines.find((line) => line.includes(' started')) ?? run.lines.join('\n');
      }
    });
  }
});

function valueOf(result: VappResult): unknown {
  assertDone(result);
  return result.outcome.value;
}
