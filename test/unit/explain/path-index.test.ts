import assert from 'node:assert/strict';
import { PathIndex } from '../../../src/explain/path-index';

describe('a file found by the path it has elsewhere', () => {
  const index = new PathIndex([
    'app/src/main.py',
    'app/tests/main.py',
    'app/src/vehicle/model.py',
    'app/src/vehicle/__init__.py',
    'tools/__init__.py',
    'README.md',
  ]);

  it('is itself by its own path', () => {
    assert.equal(index.find('app/src/main.py'), 'app/src/main.py');
    assert.equal(index.find('./README.md'), 'README.md');
  });

  it('is the one with the longest common end', () => {
    assert.equal(index.find('/app/src/main.py'), 'app/src/main.py');
    assert.equal(index.find('/home/dev/src/main.py'), 'app/src/main.py');
    assert.equal(index.find('/dist/vehicle/__init__.py'), 'app/src/vehicle/__init__.py');
    assert.equal(index.find('/dist/model.py'), 'app/src/vehicle/model.py');
  });

  it('is none where several are as good', () => {
    assert.equal(index.find('/dist/main.py'), undefined);
    assert.equal(index.find('/somewhere/__init__.py'), undefined);
  });

  it('is none for libraries and for what the workspace does not have', () => {
    assert.equal(index.find('/usr/lib/model.py'), undefined);
    assert.equal(index.find('/venv/lib/python3.11/model.py'), undefined);
    assert.equal(index.find('/app/site-packages/model.py'), undefined);
    assert.equal(index.find('<frozen importlib>.py'), undefined);
    assert.equal(index.find('/app/other.py'), undefined);
    assert.equal(index.find(''), undefined);
  });

  it('is none for packages that a build fetched, and one in /usr/src', () => {
    assert.equal(index.find('/root/.cargo/registry/src/x/model.py'), undefined);
    assert.equal(index.find('/go/pkg/mod/example.org/x/model.py'), undefined);
    assert.equal(index.find('/usr/src/app/src/main.py'), 'app/src/main.py');
  });

  it('compares whole parts only', () => {
    assert.equal(new PathIndex(['xsrc/main.py', 'src/main.py']).find('/app/src/main.py'), 'src/main.py');
  });
});
