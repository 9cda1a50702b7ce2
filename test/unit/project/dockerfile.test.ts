import assert from 'node:assert/strict';
import { places, problemWith, readFiles, VALID } from './temporary-repository';

describe('Dockerfile', () => {
  const read = (text: string | Uint8Array, vapp?: string) =>
    readFiles({ ...VALID, 'app/Dockerfile': text, ...(vapp === undefined ? {} : { 'vapp.yaml': vapp }) });

  const sound: [string, string | Uint8Array][] = [
    ['with ARG before FROM', 'ARG BASE=alpine\nFROM $BASE\nRUN true\n'],
    ['with lower-case instructions', 'from alpine as build\nrun true\n'],
    ['with a platform flag', 'FROM --platform=$BUILDPLATFORM alpine AS build\nRUN true\n'],
    ['with heredocs', 'FROM alpine\nRUN <<EOF\nFOO bar\nEOF\nCOPY <<-"A" <<B /x/\n\tWHAT\n\tA\nEVER\nB\nCMD ["x"]\n'],
    ['with continued lines and comments', 'FROM alpine\nRUN a && \\\n# why\n  WRONG && \\\n\n  b\n'],
    ['with a backtick as escape', '# escape=`\nFROM alpine\nRUN dir `\n  WRONG\n'],
    ['with a frontend of its own', '# syntax=example.org/mine:1\nINCLUDE other\nFROM alpine\n'],
    ['with CRLF and a byte order mark', '\uFEFFFROM alpine\r\nRUN true\r\n'],
    ['with bytes that are not UTF-8', Buffer.from('# Gr\u00f6\u00dfe\nFROM alpine\n', 'latin1')],
  ];
  for (const [what, text] of sound) {
    it(`finds nothing wrong in one ${what}`, async () => assert.deepEqual(places(await read(text)), []));
  }

  const malformed: [string, string, string[]][] = [
    ['an empty file', '', ['1:1 error dockerfile-empty']],
    ['comments only', '# nothing\n', ['1:1 error dockerfile-empty']],
    ['ARG only', 'ARG X=1\n', ['1:1 error dockerfile-empty']],
    ['no FROM', '# x\n\n  RUN true\n', ['3:3 error dockerfile-no-stage']],
    ['an unknown instruction', 'FROM alpine\n\n  RNU true\n', ['3:3 error dockerfile-unknown-instruction']],
    [
      'an unknown instruction after a heredoc',
      'FROM alpine\nRUN <<E\nx\nE\nCPOY a b\n',
      ['5:1 error dockerfile-unknown-instruction'],
    ],
    ['a FROM without image', 'FROM\n', ['1:1 error dockerfile-from']],
    ['a FROM with two words', 'FROM alpine build\n', ['1:1 error dockerfile-from']],
  ];
  for (const [what, text, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      assert.deepEqual(
        places(await read(text)),
        expected.map((place) => `app/Dockerfile:${place}`),
      );
    });
  }

  it('suggests the instruction that was meant', async () => {
    const problem = problemWith(await read('FROM alpine\nENTRYPOINTS x'), 'dockerfile-unknown-instruction');
    assert.equal(problem.hint, 'Did you mean ENTRYPOINT?');
    assert.deepEqual(problem.range.end, { line: 2, column: 12 });
  });

  it('reports one that is missing, where it is named or where it would be', async () => {
    const manifest = VALID['app/AppManifest.json'] ?? '';
    assert.deepEqual(places(await readFiles({ 'app/AppManifest.json': manifest })), [
      'app/Dockerfile:1:1 error dockerfile-missing',
    ]);
    const vapp = 'apps:\n  - name: x\n    dockerfile: docker/Dockerfile\n';
    assert.deepEqual(places(await readFiles({ ...VALID, 'vapp.yaml': vapp })), [
      'vapp.yaml:3:17 error dockerfile-missing',
    ]);
  });

  it('reports a folder in its place', async () => {
    const manifest = VALID['app/AppManifest.json'] ?? '';
    const repository = await readFiles({ 'app/AppManifest.json': manifest, 'app/Dockerfile/x': '' });
    assert.deepEqual(places(repository), ['app/Dockerfile:1:1 error not-a-file']);
  });

  describe('stage of the tests', () => {
    const stages = 'FROM a AS Integration-Test\nFROM b AS other\nFROM c\n';
    const stageOf = async (text: string, vapp?: string) => (await read(text, vapp)).apps[0]?.testTarget;

    it('is integration-test if there is one, or what vapp.yaml says', async () => {
      assert.equal(await stageOf(stages), 'integration-test');
      assert.equal(await stageOf('FROM a\n'), undefined);
      assert.equal(await stageOf(stages, 'apps:\n  - testTarget: other\n'), 'other');
    });

    it('has to be there when it is named', async () => {
      const wrong = await read(stages, 'apps:\n  - testTarget: othr\n');
      assert.deepEqual(places(wrong), ['vapp.yaml:2:17 error dockerfile-target-missing']);
    });
  });

  describe('target', () => {
    const target = (stage: string) => `apps:\n  - target: ${stage}\n`;
    const stages = 'FROM alpine AS Build\nFROM scratch AS final\n';

    it('accepts a stage by name, in any case, and by number', async () => {
      for (const stage of ['build', 'FINAL', '"1"']) assert.deepEqual(places(await read(stages, target(stage))), []);
    });
    it('reports a stage that is not there, and names what there is', async () => {
      const near = await read(stages, target('finale'));
      assert.deepEqual(places(near), ['vapp.yaml:2:13 error dockerfile-target-missing']);
      assert.equal(problemWith(near, 'dockerfile-target-missing').hint, 'Did you mean "final"?');
      const far = await read(stages, target('production'));
      assert.equal(problemWith(far, 'dockerfile-target-missing').hint, 'Its stages are Build, final.');
      const none = await read('FROM scratch\n', target('"1"'));
      assert.match(problemWith(none, 'dockerfile-target-missing').hint ?? '', /FROM … AS/);
    });
  });
});
