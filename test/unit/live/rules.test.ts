import assert from 'node:assert/strict';
import { liveRules, type LiveRules, type WrittenRule } from '../../../src/live';
import { readStages } from '../../../src/project';

async function rulesOf(
  lines: readonly string[],
  options: { target?: string; written?: readonly WrittenRule[]; files?: readonly string[] } = {},
): Promise<LiveRules> {
  const { files = [], ...rest } = options;
  const stages = await readStages(lines.join('\n'));
  return liveRules({ stages, dockerfile: 'Dockerfile', exists: (path) => files.includes(path), ...rest });
}

const live = (...destinations: string[]) => ({ kind: 'live', destinations });

describe('liveRules', () => {
  it('takes what a last COPY brings from the context', async () => {
    const rules = await rulesOf(['FROM python', 'WORKDIR /app', 'RUN pip install x', 'COPY app/src ./']);
    assert.deepEqual(rules.roots, ['/app']);
    assert.deepEqual(rules.sources, ['app/src']);
    assert.deepEqual(rules.wayOf('app/src/main.py'), live('/app/main.py'));
    assert.deepEqual(rules.wayOf('app/src/lib/a.py'), live('/app/lib/a.py'));
    assert.deepEqual(rules.wayOf('README.md'), { kind: 'none' });
    assert.deepEqual(rules.wayOf('app/src2/main.py'), { kind: 'none' });
  });

  it('wants a new image for what a RUN comes after', async () => {
    const rules = await rulesOf([
      'FROM python',
      'WORKDIR /app',
      'COPY requirements.txt ./',
      'RUN pip install -r requirements.txt',
      'COPY src ./',
    ]);
    assert.deepEqual(rules.wayOf('requirements.txt'), {
      kind: 'image',
      why: 'the RUN of Dockerfile:4 comes after the COPY of line 3',
    });
    assert.deepEqual(rules.wayOf('src/main.py'), live('/app/main.py'));
    assert.deepEqual(rules.roots, ['/app']);
  });

  it('wants a new image for what another stage builds with', async () => {
    const rules = await rulesOf([
      'FROM golang AS build',
      'COPY go.mod main.go ./',
      'RUN go build',
      'FROM scratch',
      'COPY --from=build /app /srv/app/app',
      'COPY static /srv/static',
    ]);
    assert.deepEqual(rules.wayOf('main.go'), { kind: 'image', why: 'Dockerfile:2 builds with it' });
    assert.deepEqual(rules.wayOf('static/a.css'), live('/srv/static/a.css'));
    assert.deepEqual(rules.roots, ['/srv/static']);
  });

  it('looks through the stages that an image is made of, up to a RUN', async () => {
    const rules = await rulesOf([
      'FROM python AS base',
      'COPY early /opt/app/early',
      'RUN true',
      'COPY late /opt/app/late',
      'FROM base AS final',
      'COPY own /opt/app/own',
      'FROM base AS other',
      'RUN true',
    ]);
    assert.equal(rules.wayOf('late/a').kind, 'image');
    const final = await rulesOf(
      ['FROM python AS base', 'RUN true', 'COPY late /opt/app/late', 'FROM base AS final', 'COPY own /opt/app/own'],
      { target: 'FINAL' },
    );
    assert.deepEqual(final.wayOf('late/a'), live('/opt/app/late/a'));
    assert.deepEqual(final.roots, ['/opt/app/late', '/opt/app/own']);
  });

  it('does not look at stages that the target does not need', async () => {
    const rules = await rulesOf(
      ['FROM python AS app', 'COPY src /app', 'FROM app AS tests', 'COPY tests /app/tests', 'RUN test'],
      { target: 'app' },
    );
    assert.deepEqual(rules.wayOf('tests/a.py'), { kind: 'none' });
    assert.deepEqual(rules.wayOf('src/a.py'), live('/app/a.py'));
  });

  it('wants a new image for a file in a folder of the system, or in the root', async () => {
    const rules = await rulesOf([
      'FROM python',
      'COPY main.py /main.py',
      'COPY tool.sh /usr/local/bin/',
      'COPY a /opt',
    ]);
    assert.equal(rules.wayOf('main.py').kind, 'image');
    assert.equal(rules.wayOf('tool.sh').kind, 'image');
    assert.equal(rules.wayOf('a/b').kind, 'image');
    assert.deepEqual(rules.roots, []);
  });

  it('wants a new image where files do not arrive as they are', async () => {
    const rules = await rulesOf([
      'FROM python',
      'COPY --chmod=755 run.sh /app/',
      'ADD archive.tar.gz /data/app/',
      'COPY --exclude=*.md docs /app/docs',
      'RUN --mount=type=bind,source=gen,target=/gen cp /gen/a /app',
    ]);
    for (const path of ['run.sh', 'archive.tar.gz', 'docs/a', 'gen/a'])
      assert.equal(rules.wayOf(path).kind, 'image', path);
  });

  it('wants a new image for what a later COPY may have replaced', async () => {
    const lines = ['FROM python', 'WORKDIR /app', 'COPY default.json config.json', 'COPY conf ./', 'COPY b.json ./'];
    const shadowed = await rulesOf(lines, { files: ['conf/config.json'] });
    assert.deepEqual(shadowed.wayOf('default.json'), {
      kind: 'image',
      why: 'Dockerfile:4 may copy something over it',
    });
    assert.deepEqual((await rulesOf(lines)).wayOf('default.json'), live('/app/config.json'));
    const unknown = await rulesOf(['FROM a AS x', 'FROM b', 'WORKDIR /app', 'COPY src ./', 'COPY --from=x /gen ./']);
    assert.equal(unknown.wayOf('src/a.py').kind, 'image');
  });

  it('knows patterns, several sources and --parents', async () => {
    const rules = await rulesOf([
      'FROM python',
      'WORKDIR /app',
      'COPY *.py conf/* ./',
      'COPY a.txt b.txt texts/',
      'COPY --parents web/js /web/',
    ]);
    assert.deepEqual(rules.wayOf('main.py'), live('/app/main.py'));
    assert.deepEqual(rules.wayOf('conf/sub/a.json'), live('/app/a.json'));
    assert.deepEqual(rules.wayOf('b.txt'), live('/app/texts/b.txt'));
    assert.deepEqual(rules.wayOf('web/js/a.js'), live('/web/web/js/a.js'));
    assert.deepEqual(rules.roots, ['/app', '/web']);
    assert.deepEqual(rules.sources, ['']);
  });

  it('takes what vapp.yaml says instead', async () => {
    const rules = await rulesOf(['FROM python', 'COPY . /srv/app', 'RUN compile'], {
      written: [
        { from: 'app/src', to: '/srv/app/src' },
        { from: 'logo.svg', to: '/srv/app/static' },
      ],
    });
    assert.deepEqual(rules.wayOf('app/src/a/b.py'), live('/srv/app/src/a/b.py'));
    assert.deepEqual(rules.wayOf('logo.svg'), live('/srv/app/static/logo.svg'));
    assert.equal(rules.wayOf('other').kind, 'image');
    assert.deepEqual(rules.roots, ['/srv/app/src', '/srv/app/static']);
  });
});
