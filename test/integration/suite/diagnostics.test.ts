import assert from 'node:assert/strict';
import { DiagnosticSeverity, Uri, languages, type Diagnostic } from 'vscode';
import { until, untilEqual } from '../support/until';
import { TestWindow } from '../support/window';

interface Breakage {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** What stands at the line of the diagnostic, and what it says. */
  readonly at: RegExp;
  readonly message: RegExp;
}

const BREAKAGES: readonly Breakage[] = [
  { file: 'vapp.yaml', from: '- manifest:', to: '- manifset:', at: /manifset/, message: /manifset/ },
  { file: 'app/AppManifest.json', from: '"SampleApp"', to: '7', at: /"name": 7/, message: /name/i },
  { file: 'runtime.json', from: '"vehicledatabroker"', to: '"mqtt-broker"', at: /mqtt-broker/, message: /twice/ },
  { file: '.velocitas.json', from: '"components": [', to: '"components": ', at: /./, message: /./ },
  { file: 'app/Dockerfile', from: 'WORKDIR /app', to: 'WORKDIRR /app', at: /WORKDIRR/, message: /WORKDIRR/ },
];

describe('problems', () => {
  let window: TestWindow;
  const ours = (): readonly (readonly [string, Diagnostic])[] =>
    languages
      .getDiagnostics()
      .flatMap(([uri, found]) =>
        found.filter(({ source }) => source === 'Velocitas').map((diagnostic) => [uri.toString(), diagnostic] as const),
      );

  before(async () => {
    window = await TestWindow.open();
    assert.deepEqual(ours(), []);
  });

  afterEach(async () => {
    await window.restore();
    await untilEqual(ours, []);
  });

  for (const { file, from, to, at, message } of BREAKAGES) {
    it(`of ${file} are told at their line and go when it is mended`, async () => {
      await window.edit(file, from, to);
      const [uri, diagnostic] = await until('a problem', () => ours()[0]);
      assert.equal(uri, Uri.file(window.path(file)).toString());
      assert.equal(diagnostic.severity, DiagnosticSeverity.Error);
      assert.match(diagnostic.message, message);
      assert.match((await window.read(file)).split('\n')[diagnostic.range.start.line] ?? '', at);
      assert.ok(window.api.tree.nodes.length > 0);

      await window.restore();
      await untilEqual(ours, []);
    });
  }

  it('keep a run from touching anything', async () => {
    await window.edit('app/AppManifest.json', '"SampleApp"', '7');
    await until('a problem', () => ours()[0]);
    const { events, ends } = await window.perform('run', { target: { folder: window.folder, app: 'sampleapp' } });
    assert.deepEqual(
      ends.map(({ outcome }) => outcome.status),
      ['failed'],
    );
    assert.deepEqual([...new Set(events.map(({ event }) => event.type === 'step' && event.step))], ['read']);
    assert.equal(ours().length, 1);
  });

  it('of a build stand at the source lines, and at the instruction with the end of its output', async () => {
    await window.edit('app/Dockerfile', 'COPY app/src ./\n', 'COPY app/src ./\nRUN python main.py\n');
    await window.edit('app/src/main.py', 'import ', 'def broken(:\nimport ');
    const { ends } = await window.perform('build');
    assert.deepEqual(
      ends.map(({ outcome }) => outcome.status),
      ['failed'],
    );
    const found = new Map(ours());
    const source = found.get(Uri.file(window.path('app/src/main.py')).toString());
    const instruction = found.get(Uri.file(window.path('app/Dockerfile')).toString());
    const lineOf = async (file: string, text: string) => (await window.read(file)).split('\n').indexOf(text);
    assert.match(source?.message ?? '', /^SyntaxError: invalid syntax: .*RUN python main\.py failed/);
    assert.equal(source?.range.start.line, await lineOf('app/src/main.py', 'def broken(:'));
    assert.match(instruction?.message ?? '', /failed with exit code 1\.\n(?:.*\n)*SyntaxError: invalid syntax/);
    assert.equal(instruction?.range.start.line, await lineOf('app/Dockerfile', 'RUN python main.py'));
    assert.equal(source.relatedInformation?.[0]?.location.range.start.line, instruction.range.start.line);

    await window.restore();
    await window.perform('build');
    await untilEqual(ours, []);
  }).timeout(180_000);

  it('of several files stand in each of them', async () => {
    await window.edit('app/AppManifest.json', '"SampleApp"', '7');
    await window.edit('runtime.json', '"vehicledatabroker"', '"mqtt-broker"');
    await untilEqual(
      () => [...new Set(ours().map(([uri]) => uri))].sort(),
      ['app/AppManifest.json', 'runtime.json'].map((file) => Uri.file(window.path(file)).toString()),
    );
  });
});
