import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';

const root = join(__dirname, '..', '..', '..');
const common = join(root, 'templates', 'common', '.github');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Record<string, unknown>;
}

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly permissions?: Record<string, string>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions?: Record<string, string>;
  readonly concurrency?: { readonly group: string };
  readonly jobs: Record<string, Job>;
}

const workflowsIn = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
const actionsIn = (folder: string) => readdirSync(folder).map((name) => join(folder, name, 'action.yml'));

const WORKFLOWS = [...workflowsIn(join(common, 'workflows')), ...workflowsIn(join(root, '.github', 'workflows'))];
const ACTIONS = actionsIn(join(common, 'actions'));

describe('a workflow', () => {
  for (const file of WORKFLOWS) {
    describe(relative(root, file), () => {
      const workflow = parse(readFileSync(file, 'utf8')) as Workflow;
      const jobs = Object.entries(workflow.jobs);

      it('may read the contents, and a job that may more says what', () => {
        assert.deepEqual(workflow.permissions, { contents: 'read' });
        for (const [name, { permissions = {} }] of jobs) assert.equal('write-all' in permissions, false, name);
      });

      it('runs once for each ref, and no job for ever', () => {
        assert.match(workflow.concurrency?.group ?? '', /github\.ref/);
        for (const [name, job] of jobs) assert.equal(typeof job['timeout-minutes'], 'number', name);
      });

      it('leaves no token behind in the checkout', () => {
        const checkouts = jobs.flatMap(([, { steps }]) =>
          steps.filter(({ uses = '' }) => /^actions\/checkout@/.test(uses)),
        );
        assert.notEqual(checkouts.length, 0);
        for (const checkout of checkouts) assert.equal(checkout.with?.['persist-credentials'], false);
      });
    });
  }

  it('pins the actions of others by commit, and says which version that is', () => {
    for (const file of [...WORKFLOWS, ...ACTIONS]) {
      const lines = readFileSync(file, 'utf8').split('\n');
      for (const line of lines.filter((text) => /\buses:/.test(text) && !/uses: \.\//.test(text))) {
        assert.match(line, /uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file);
      }
    }
  });

  it('puts no expression into a script, where its value would be code', () => {
    for (const file of [...WORKFLOWS, ...ACTIONS]) {
      const document = parse(readFileSync(file, 'utf8')) as Workflow & { readonly runs?: { readonly steps: Step[] } };
      const steps = document.runs?.steps ?? Object.values(document.jobs).flatMap((job) => job.steps);
      for (const { run = '' } of steps) assert.doesNotMatch(run, /\$\{\{/, file);
    }
  });
});

describe('the scripts of the workflows', () => {
  const scripts = readdirSync(join(common, 'scripts')).map((name) => join(common, 'scripts', name));

  it('may be executed and stop at the first failure', () => {
    assert.notEqual(scripts.length, 0);
    for (const script of scripts) {
      assert.equal(statSync(script).mode & 0o111, 0o111, script);
      const [shebang, ...rest] = readFileSync(script, 'utf8').split('\n');
      assert.equal(shebang, '#!/usr/bin/env bash');
      assert.equal(
        rest.find((line) => line !== '' && !line.startsWith('#')),
        'set -euo pipefail',
      );
    }
  });

  it('are those that the workflows start', () => {
    const texts = readdirSync(join(common, 'workflows')).map((name) =>
      readFileSync(join(common, 'workflows', name), 'utf8'),
    );
    const started = new Set(
      texts.flatMap((text) => [...text.matchAll(/\.github\/(scripts\/[\w-]+\.sh)/g)].map(([, name]) => name)),
    );
    assert.deepEqual([...started].sort(), scripts.map((script) => relative(common, script)).sort());
  });
});
