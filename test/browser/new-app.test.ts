import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TestWorkspace } from '../e2e/support/workspace';
import type { Person } from '../workbench/person';
import { Desk } from './desk';

describe('somebody without an app, at the workbench', function () {
  this.timeout(180_000);
  let desk: Desk;
  let person: Person;

  before(async () => {
    desk = await Desk.open(await TestWorkspace.create('Noch leer'));
    person = await desk.sitDown();
    await person.untilWelcome(/No Vehicle App was found/);
  });

  after(() => desk.dispose());

  afterEach(async function () {
    const { title = '', state } = this.currentTest ?? {};
    await person.takePicture(`new-${title.replaceAll(/\W+/g, '-')}${state === 'failed' ? '-failed' : ''}`);
  });

  const manifestNameIn = async (folder: string) =>
    (JSON.parse(await readFile(join(folder, 'app', 'AppManifest.json'), 'utf8')) as { name: string }).name;

  it('makes one in the empty folder, after being told which names are none', async () => {
    await person.press('New Vehicle App…');
    await person.choose('Vehicle App in Python');
    await person.write('Speed App');
    await person.untilComplaint(/^A name begins with a letter/);
    await person.answer('SpeedApp');
    await person.chooseFolder(`${desk.workspace.path}/`, 'Create Here');
    await person.untilNotification(/^SpeedApp is in /);
    assert.equal(await manifestNameIn(desk.workspace.path), 'SpeedApp');
    await person.untilWelcome(/Run App/);
  });

  it('makes another one in a folder of its own, and opens it', async () => {
    const before = await readdir(desk.workspace.path);
    await person.command('Velocitas: New Vehicle App…');
    await person.choose('Vehicle App in Go');
    await person.answer('SeatApp');
    await person.chooseFolder(`${desk.workspace.path}/`, 'Create Here');
    await person.untilNotification(/^SeatApp is in .*SeatApp\.$/);
    assert.equal(await manifestNameIn(join(desk.workspace.path, 'SeatApp')), 'SeatApp');
    assert.deepEqual((await readdir(desk.workspace.path)).sort(), [...before, 'SeatApp'].sort());
    await person.press('Open');
    await person.until('the new folder', async () => (/SeatApp/.test(await person.page.title()) ? true : undefined));
  });
});
