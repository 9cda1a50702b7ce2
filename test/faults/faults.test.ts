import assert from 'node:assert/strict';
import { sleep } from '../../src/base';
import { Toolbox } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { belongings, hasLostWords, linesInCluster, locks, orphans, status, type Belongings } from './checks';
import { SCRIPT_FILE, countingApp, script } from './counting-app';
import { FaultFigures } from './figures';
import { Follower } from './follower';
import { FAULTS, type Fault } from './kinds';
import { FaultMachine, type RunningVapp, type VappEnd } from './machine';
import { Random } from './random';

/** How many faults are injected; each kind comes once before one comes again. */
const INJECTIONS = Number(process.env['VAPP_FAULTS'] ?? 13);
/** The same seed gives the same faults at the same times. */
const SEED = Number(process.env['VAPP_FAULTS_SEED'] ?? 20_261_128);
/** Only kinds whose name contains this. */
const ONLY = process.env['VAPP_FAULTS_ONLY'] ?? '';
const FULL = INJECTIONS >= 100;

/** About how long a run takes, milliseconds: a fault comes at some time before that. */
const RUN_MS = { running: 4000, stopped: 8000, absent: 11_000 } as const;
type Before = keyof typeof RUN_MS;
const YEAR_S = 365 * 24 * 3600;
/** A run that has not ended after this long hangs, milliseconds. */
const HANGS_MS = 300_000;
/** What a fault has left may take so long to go, milliseconds. */
const SETTLE_MS = 30_000;

describe(`${INJECTIONS} faults at random points of a run (seed ${SEED})`, function () {
  this.timeout(900_000);
  const random = new Random(SEED);
  const figures = new FaultFigures();
  let machine: FaultMachine;
  let follower: Follower;
  let cluster: string;
  let baseline: Belongings;
  let revision = 1;
  let broken = false;
  /** How often following had been interrupted before the fault. */
  let interruptions = 0;
  /** Runs of containers that a fault ended: they had no chance to write their last line. */
  const cutOff = new Set<string>();

  before(async () => {
    await begin();
  });

  after(async () => {
    figures.countLines(follower);
    await machine.dispose();
    await figures.save({ seed: SEED, full: FULL && ONLY === '', print: true });
  });

  /** From a new machine to an app that runs and is followed. */
  async function begin(): Promise<void> {
    machine = await FaultMachine.start(new Toolbox(await stackEnvironment()), 'vapp-test-faults');
    await machine.write(countingApp(revision));
    assertRuns(await run().done);
    cluster = (await status(machine)).runtime.cluster;
    baseline = await belongings(machine);
    follower = new Follower(machine);
    await follower.hasBegun;
  }

  /** A fault that was not survived must not be the next one's as well. */
  beforeEach(async () => {
    if (!broken) return;
    await machine.dispose();
    await begin();
    broken = false;
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    figures.fail(this.currentTest.title);
    // At once: what comes later may have to do with it, and the summary of a long run is far away.
    process.stdout.write(`${this.currentTest.err?.message}\n${await machine.evidence()}\n`);
  });

  // A long run that is ended early has come to something, too.
  afterEach(() => figures.save({ seed: SEED, full: FULL && ONLY === '', print: false }));

  const run = () => machine.vapp(['run', '--no-follow']);

  async function prepare(before: Before): Promise<void> {
    if (before === 'running') return;
    cutOffAllBut(new Set());
    const { outcome } = await machine.vappEnd(before === 'stopped' ? 'stop' : 'delete');
    assert.equal(outcome?.status, 'done', JSON.stringify(outcome));
  }

  for (const [index, fault] of schedule(random).entries()) {
    // In the short form the runtime is there; starting one is what the full form has the time for.
    const before: Before = FULL ? ((['stopped', 'absent'] as const)[random.below(10)] ?? 'running') : 'running';
    const at = random.below(RUN_MS[before]);
    const when = fault.aimed ? '' : `, after ${(at / 1000).toFixed(1)} s`;
    it(`${index + 1}: ${fault.name} (runtime ${before}${when})`, async () => {
      broken = true;
      await prepare(before);
      revision += 1;
      await machine.write({ [SCRIPT_FILE]: script(revision) });
      const subject = run();
      const ended = notHanging(subject);
      // It is looked at when the fault has been let happen.
      ended.catch(() => undefined);
      if (!fault.aimed) await sleep(at);
      const scene = { machine, cluster, subject, random, suspendMs: FULL ? 60_000 : 10_000 };
      const injected = performance.now();
      interruptions = follower.interruptions;
      const hit = (await fault.inject(scene)) !== false;
      const end = await ended;
      const endMs = performance.now() - injected;
      await fault.mend?.(scene);
      assertSaysWhy(end);
      const recovery = performance.now();
      assertRuns(await notHanging(run()));
      const recoveryMs = performance.now() - recovery;
      await assertNothingLeft(fault, before);
      figures.count(fault.name, hit, end, endMs, recoveryMs);
      broken = false;
    });
  }

  it('says so where the clock lies before the certificates of the cluster', async () => {
    await machine.clock(-YEAR_S);
    const { outcome } = await notHanging(run());
    await machine.clock(YEAR_S);
    assert.equal(outcome?.failure?.code, 'clock-differs', JSON.stringify(outcome));
    assert.match(outcome.failure.nextSteps[0] ?? '', /Correct the clock/);
  });

  function assertRuns({ outcome, exitCode, lines, stderr }: VappEnd): void {
    assert.equal(outcome?.status, 'done', `${JSON.stringify(outcome, undefined, 2)} ${stderr}`);
    assert.equal(exitCode, 0);
    const wanted = new RegExp(`^count ${revision} `);
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `no line of revision ${revision}: ${lines.join('\n')}`,
    );
  }

  /** A run that a fault ended says why, in words for people, unless it was killed itself. */
  function assertSaysWhy({ outcome, exitCode, stderr }: VappEnd): void {
    if (exitCode === 137) return;
    assert.ok(outcome, `exit code ${exitCode}: ${stderr}`);
    assert.notEqual(outcome.failure?.code, 'internal', JSON.stringify(outcome.failure, undefined, 2));
    assert.doesNotMatch(stderr, /^\s+at /m);
    if (outcome.failure) process.stdout.write(`      ${outcome.failure.code}: ${outcome.failure.summary}\n`);
  }

  async function assertNothingLeft(fault: Fault, before: Before): Promise<void> {
    await assertNoLineLost(fault, before);
    await assertSettles('orphans', async () => assert.deepEqual(await orphans(machine, 1), []));
    await assertSettles('belongings', async () => assert.deepEqual(await belongings(machine), baseline));
    assert.deepEqual(await locks(machine), []);
    const [app] = (await status(machine)).apps;
    assert.equal(app?.release?.status, 'deployed');
  }

  async function assertNoLineLost(fault: Fault, before: Before): Promise<void> {
    const takesPods = fault.takesPods === true || before !== 'running';
    if (fault.takesCluster || before === 'absent') {
      await follower.stop();
      figures.countLines(follower);
      follower = new Follower(machine);
    }
    const forgives = fault.takesWords === true && (await hasLostWords(machine, cluster));
    const { problems, unwritten } = await follower.catchUp(forgives);
    assert.deepEqual(problems, []);
    figures.unwritten(unwritten);
    const unfinished = () => follower.ledger.unfinishedBefore(revision).filter((seen) => !cutOff.has(seen));
    if (takesPods) {
      cutOffAllBut(new Set((await linesInCluster(machine)).keys()));
      return;
    }
    await assertSettles('last lines', async () => assert.deepEqual(await Promise.resolve(unfinished()), [])).catch(
      (error: unknown) => {
        if (follower.interruptions === interruptions && !fault.takesLastWords) throw error;
        figures.unreadable(unfinished().length);
      },
    );
    cutOffAllBut(new Set((await linesInCluster(machine)).keys()));
    assert.notEqual(follower.ledger.servedInto(revision), false, 'the revision before ended before the new one began');
  }

  /** What has not ended by now, and does not live, will never say its last line. */
  function cutOffAllBut(alive: ReadonlySet<string>): void {
    for (const seen of follower.ledger.unfinishedBefore(Infinity)) if (!alive.has(seen)) cutOff.add(seen);
  }

  async function notHanging(vapp: RunningVapp): Promise<VappEnd> {
    let hung = false;
    const limit = setTimeout(() => {
      hung = true;
      void vapp.kill('KILL');
    }, HANGS_MS);
    const end = await vapp.done;
    clearTimeout(limit);
    assert.ok(!hung, `vapp hung for ${HANGS_MS / 1000} s; what it told last:\n${end.lastEvents.join('\n')}`);
    return end;
  }
});

/** Each kind in turn, in an order that differs from round to round. */
function schedule(random: Random): Fault[] {
  const kinds = FAULTS.filter(({ name }) => name.includes(ONLY));
  const order: Fault[] = [];
  while (order.length < INJECTIONS) order.push(...random.shuffled(kinds));
  return order.slice(0, INJECTIONS);
}

async function assertSettles(what: string, look: () => Promise<void>): Promise<void> {
  const started = performance.now();
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (performance.now() - started > SETTLE_MS) throw new Error(`${what}: ${String(error)}`, { cause: error });
      await sleep(250);
    }
  }
}
