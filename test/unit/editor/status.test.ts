import assert from 'node:assert/strict';
import { useFakeTimers } from 'sinon';
import { Burst } from '../../../src/editor/burst';
import type { LivePicture } from '../../../src/editor/live-state';
import { statusOf, type Status } from '../../../src/editor/status';
import type { FolderView } from '../../../src/editor/tree/model';
import { tooltipText } from '../../../src/editor/tree/node';
import { absentApp, crashed, crashingPod, dockerDown, folder, l10n, runtime, servingApp } from './tree-fakes';

function statusIn(...folders: FolderView[]): Status {
  const status = statusOf(folders, l10n);
  assert.ok(status);
  return status;
}

describe('the status bar', () => {
  it('is empty where there is no repository', () => {
    assert.equal(statusOf([], l10n), undefined);
  });

  type State = [what: string, view: FolderView, text: string, icon: string];
  const states: State[] = [
    ['an app that serves', folder(), 'Seat Adjuster r3', 'vm-running'],
    ['a runtime without an app', folder({ apps: [absentApp()] }), 'Velocitas: runtime running', 'vm-running'],
    ['two apps', folder({ apps: [servingApp(), servingApp({ id: 'b' })] }), 'Velocitas: 2 apps', 'vm-running'],
    ['no runtime', folder({ runtime: runtime('absent'), apps: [] }), 'Velocitas: runtime absent', 'vm-outline'],
    [
      'a stopped runtime',
      folder({ runtime: runtime('stopped'), apps: [] }),
      'Velocitas: runtime stopped',
      'vm-outline',
    ],
    [
      'somebody who starts it',
      folder({ runtime: runtime('stopped', { activity: 'starting' }), apps: [] }),
      'Velocitas: runtime starting',
      'loading~spin',
    ],
    [
      'Docker being down',
      folder({ runtime: runtime('unknown'), engine: { state: 'down', failure: dockerDown }, apps: [] }),
      'Docker does not answer',
      'warning',
    ],
    [
      'Docker missing',
      folder({ runtime: runtime('unknown'), engine: { state: 'missing' }, apps: [] }),
      'Docker is missing',
      'warning',
    ],
    ...(['down', 'missing'] as const).map((state): State => [
      `somebody who starts it and waits for Docker, which is ${state}`,
      folder({
        runtime: runtime('unknown', { activity: 'starting' }),
        engine: { state, failure: dockerDown },
        apps: [],
      }),
      'Velocitas: runtime starting',
      'loading~spin',
    ]),
    [
      'a job',
      folder({}, { jobs: [{ apps: ['seatadjuster'], title: 'Running', steps: [{ step: 'build', message: 'x' }] }] }),
      'Building',
      'loading~spin',
    ],
    [
      'a job that begins',
      folder({}, { jobs: [{ apps: [], title: 'Starting', steps: [] }] }),
      'Starting',
      'loading~spin',
    ],
  ];
  for (const [what, view, text, icon] of states) {
    it(`tells in a few words of ${what}: ${text}`, () => {
      const status = statusIn(view);
      assert.deepEqual([status.text, status.icon, status.failing], [text, icon, false]);
    });
  }

  const news = { type: 'live', app: 'seatadjuster', files: ['app/requirements.txt'] } as const;
  const liveStates: [what: string, live: Omit<LivePicture, 'apps'>, text: string, icon: string][] = [
    ['waits', { troubles: [] }, 'Seat Adjuster live', 'sync'],
    [
      'has brought a change in',
      { troubles: [], news: { ...news, way: 'live', durationMs: 94 } },
      'Seat Adjuster live · 0.09 s',
      'sync',
    ],
    [
      'took a new image',
      { troubles: [], news: { ...news, way: 'image', why: 'app/Dockerfile:7 builds with it, and the line is long' } },
      'Seat Adjuster live · new image: app/Dockerfile:7 builds with…',
      'sync',
    ],
    [
      'has brought something in that does not work',
      { troubles: [crashed], news: { ...news, way: 'live', durationMs: 94 } },
      'Seat Adjuster live · The app ends with exit code 1 again and…',
      'warning',
    ],
  ];
  for (const [what, live, text, icon] of liveStates) {
    it(`tells of a live update that ${what}: ${text}`, () => {
      const status = statusIn(folder({}, { live: [{ apps: ['seatadjuster'], ...live }] }));
      assert.deepEqual([status.text, status.icon, status.failing], [text, icon, false]);
    });
  }

  it('has the whole reason of a new image in its tooltip', () => {
    const why = 'app/Dockerfile:7 builds with it, and the line is long';
    const live = { apps: ['seatadjuster'], troubles: [], news: { ...news, way: 'image', why } as const };
    assert.match(tooltipText(statusIn(folder({}, { live: [live] })).tooltip), /Live update\*\*.*and the line is long/);
    const job = { apps: ['seatadjuster'], title: 'Live update', steps: [{ step: 'build' } as const] };
    assert.equal(
      statusIn(folder({}, { live: [live], jobs: [job] })).icon,
      'loading~spin',
      'what is being done comes first',
    );
  });

  it('is red only when an app fails', () => {
    const status = statusIn(folder(), folder({ apps: [servingApp({ name: 'Horn', pods: [crashingPod()] })] }));
    assert.deepEqual([status.text, status.icon, status.failing], ['Horn is failing', 'error', true]);
    const job = { apps: ['seatadjuster'], title: 'Running', steps: [] };
    const corrected = statusIn(folder({ apps: [servingApp({ pods: [crashingPod()] })] }, { jobs: [job] }));
    assert.equal(corrected.text, 'Running', 'what is being done about it comes first');
  });

  it('prefers the folder that runs', () => {
    const idle = folder({ runtime: runtime('absent'), apps: [absentApp()] });
    assert.equal(statusIn(idle, folder()).text, 'Seat Adjuster r3');
  });

  it('has details in its tooltip, what is wrong and what to do among them', () => {
    const tooltip = (view: FolderView) => tooltipText(statusIn(view).tooltip);
    assert.match(tooltip(folder()), /\*\*repo\*\* runtime running {2}\n\*\*Seat Adjuster\*\* revision 3 · 1\/1 ready/);
    const down = folder({ runtime: runtime('unknown'), engine: { state: 'down', failure: dockerDown } });
    const awaited = {
      runtime: runtime('unknown', { activity: 'starting' }),
      engine: { state: 'down', failure: dockerDown },
    } as const;
    assert.doesNotMatch(tooltip(folder(awaited)), /Docker/);
    assert.match(tooltip(down), /Docker does not answer\\\. {2}\nStart Docker/);
  });

  it('shows no icon and no control character that a name smuggles in', () => {
    const { text } = statusIn(folder({ apps: [servingApp({ name: '$(bug)\n\u202e' })] }));
    assert.ok(!text.includes('$('), text);
    assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
  });

  it('tells a screen reader whose state it is, once', () => {
    assert.equal(statusIn(folder()).spoken, 'Velocitas, Seat Adjuster r3');
    assert.equal(statusIn(folder({ apps: [] })).spoken, 'Velocitas: runtime running');
  });
});

describe('a burst', () => {
  it('does once what is asked for many times, again when it is asked for later, and nothing at its end', () => {
    const time = useFakeTimers();
    try {
      let done = 0;
      const burst = new Burst(() => (done += 1));
      for (let count = 0; count < 100; count++) burst.request();
      assert.equal(done, 0);
      time.runAll();
      assert.equal(done, 1);
      burst.request();
      time.runAll();
      assert.equal(done, 2);
      burst.request();
      burst.dispose();
      time.runAll();
      assert.equal(done, 2);
      assert.equal(time.countTimers(), 0);
    } finally {
      time.restore();
    }
  });

  it('does at once what has not been done for a moment, and the rest when that is over', () => {
    const time = useFakeTimers();
    try {
      let done = 0;
      const burst = new Burst(() => (done += 1));
      burst.request();
      time.tick(1);
      assert.equal(done, 1);
      for (let count = 0; count < 40; count++) {
        burst.request();
        time.tick(1);
      }
      assert.equal(done, 1);
      time.runAll();
      assert.equal(done, 2);
    } finally {
      time.restore();
    }
  });
});
