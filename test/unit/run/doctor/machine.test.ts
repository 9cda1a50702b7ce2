import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeClock, judgeEngine } from '../../../../src/run/doctor/engine';
import type { EngineInfo } from '../../../../src/run/doctor/facts';
import { judgeCgroups, judgeKernel, type KernelLimits } from '../../../../src/run/doctor/kernel';
import { judgeDisk, judgeMemory, parseAvailable } from '../../../../src/run/doctor/resources';

/** What the engine of the test stack answers to `GET /info`, without its plugins. */
const recorded = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'docker-info.json'), 'utf8')) as EngineInfo;

describe('doctor: the engine', () => {
  it('is told with version and storage', () => {
    assert.deepEqual(judgeEngine(recorded), {
      state: 'ok',
      message: 'engine 26.1.5+dfsg1, storage overlayfs',
      nextSteps: [],
    });
    assert.match(judgeEngine(recorded, 'localhost:2375').message, /^engine \S+ at localhost:2375, /);
  });

  it('is too old below what k3d needs', () => {
    const old = judgeEngine({ ...recorded, ServerVersion: '20.10.4' });
    assert.equal(old.state, 'error');
    assert.match(old.message, /older than 20\.10\.5, which k3d needs/);
    assert.equal(judgeEngine({ ...recorded, ServerVersion: '20.10.5' }).state, 'ok');
    assert.equal(judgeEngine({ ...recorded, ServerVersion: 'dev' }).state, 'ok');
  });

  it('is slow with vfs', () => {
    assert.match(judgeEngine({ ...recorded, Driver: 'vfs' }).message, /vfs copies an image whole/);
  });

  it('hands on its own warnings, but for limits, which have a check of their own', () => {
    const Warnings = [
      'WARNING: No swap limit support',
      'WARNING: bridge-nf-call-iptables is disabled',
      'WARNING: Support for cgroup v1 is deprecated and planned to be removed by no later than May 2029',
      'WARNING: API is accessible on http://0.0.0.0:2375 without encryption.',
    ];
    const found = judgeEngine({ ...recorded, Warnings });
    assert.equal(found.state, 'warning');
    assert.match(found.message, /overlayfs; API is accessible on http:\/\/0\.0\.0\.0:2375 without encryption\.$/);
  });

  it('has the same time as this machine, more or less', () => {
    assert.equal(judgeClock(-4000).state, 'ok');
    assert.equal(judgeClock(undefined).state, 'ok');
    assert.match(judgeClock(-7_200_000).message, /clock is 7200 s behind this machine/);
    assert.match(judgeClock(11_000).message, /clock is 11 s ahead of this machine/);
  });
});

describe('doctor: disk and memory', () => {
  const EXT4 = 0xef53;
  const roomy = { free: 54e9, device: 1, kind: EXT4 };

  it('tells free space once where both are on one disk', () => {
    assert.deepEqual(judgeDisk(roomy, roomy), { state: 'ok', message: '54 GB free', nextSteps: [] });
    const apart = judgeDisk(roomy, { ...roomy, device: 2, free: 80e9 });
    assert.equal(apart.message, '54 GB free for the workspace; 80 GB free where Docker keeps its data');
    assert.equal(judgeDisk(roomy).message, '54 GB free for the workspace');
  });

  it('warns of the disk that is full, whichever it is', () => {
    const full = judgeDisk(roomy, { free: 3e9, device: 2, kind: EXT4 });
    assert.equal(full.state, 'warning');
    assert.match(full.message, /only 3\.0 GB free where Docker keeps its data/);
    assert.match(judgeDisk({ ...roomy, free: 1e9 }, { ...roomy, free: 1e9 }).message, /^only 1\.0 GB free; /);
  });

  it('warns of file systems that hold no overlays', () => {
    assert.match(judgeDisk(roomy, { ...roomy, kind: 0x794c7630 }).message, /on an overlay file system/);
    assert.match(judgeDisk(roomy, { ...roomy, kind: 0x2fc12fc1 }).message, /on ZFS/);
  });

  it('compares memory with what nodes and services take', () => {
    const enough = { total: 16e9, agents: 0, available: { bytes: 8e9, needed: true } };
    assert.deepEqual(judgeMemory(enough), { state: 'ok', message: '16 GB for the engine, 8.0 GB available' });
    const small = judgeMemory({ ...enough, total: 2e9, agents: 2 });
    assert.equal(small.state, 'warning');
    assert.match(small.message, /2\.0 GB for the engine.*a cluster with 2 agents asks for 3\.0 GB/);
    const busy = { ...enough, available: { bytes: 0.7e9, needed: true } };
    assert.match(judgeMemory(busy).message, /700 MB available; a cluster with its services takes some 1\.0 GB/);
  });

  it('does not ask for what the running runtime has already', () => {
    assert.equal(judgeMemory({ total: 16e9, agents: 0, available: { bytes: 0.7e9, needed: false } }).state, 'ok');
    assert.equal(judgeMemory({ total: 16e9, agents: 0, available: undefined }).message, '16 GB for the engine');
  });

  it('reads what the kernel says is available', () => {
    assert.equal(
      parseAvailable('MemTotal:       24683652 kB\nMemFree: 1 kB\nMemAvailable:   23105236 kB\n'),
      23659761664,
    );
    assert.equal(parseAvailable('MemTotal: 1 kB\n'), undefined);
  });
});

describe('doctor: cgroups', () => {
  const v2 = { ...recorded, CgroupVersion: '2', CgroupDriver: 'systemd' };

  it('are told with version and driver', () => {
    assert.equal(judgeCgroups(v2, '1.36.0').message, 'v2, driver systemd');
    assert.deepEqual(judgeCgroups(recorded, '1.34.3'), { state: 'ok', message: 'v1, driver cgroupfs', nextSteps: [] });
  });

  it('of v1 are no longer enough for Kubernetes 1.35', () => {
    const found = judgeCgroups(recorded, 'v1.35.0+k3s1');
    assert.equal(found.state, 'error');
    assert.match(found.message, /does not start on cgroup v1/);
    assert.equal(judgeCgroups(recorded, undefined).state, 'ok');
  });

  it('must limit what k3s wants limited', () => {
    const memory = judgeCgroups({ ...v2, MemoryLimit: false }, undefined);
    assert.equal(memory.state, 'error');
    assert.match(memory.nextSteps?.[0] ?? '', /cgroup_enable=memory cgroup_memory=1/);
    assert.match(judgeCgroups({ ...v2, CPUShares: false }, undefined).message, /limits of cpu,/);
    assert.match(judgeCgroups({ ...v2, CPUSet: false }, undefined).message, /limits of cpuset,/);
    assert.equal(judgeCgroups({ ...recorded, CPUSet: false }, '1.34.3').state, 'ok');
    assert.match(judgeCgroups({ ...v2, CgroupDriver: 'none' }, undefined).message, /without root/);
  });
});

describe('doctor: limits of the kernel', () => {
  const fine: KernelLimits = {
    inotifyInstances: 128,
    inotifyInstancesInUse: 19,
    inotifyWatches: 192536,
    connections: 262144,
    connectionsInUse: 137,
    bridgeRules: 1,
  };

  it('are told when they suffice', () => {
    assert.deepEqual(judgeKernel(fine, 1, true), {
      state: 'ok',
      message: '19 of 128 inotify instances, 192536 inotify watches, 137 of 262144 tracked connections',
    });
  });

  it('leave room for the nodes that are to be started', () => {
    const crowded = { ...fine, inotifyInstancesInUse: 115 };
    const found = judgeKernel(crowded, 1, true);
    assert.equal(found.state, 'warning');
    assert.match(found.message, /^115 of 128 inotify instances are in use/);
    assert.match(found.nextSteps?.[0] ?? '', /max_user_instances=512/);
    assert.equal(judgeKernel(crowded, 0, true).state, 'ok');
    // Where others' processes cannot be seen, only the limit itself is known.
    assert.equal(judgeKernel({ ...fine, inotifyInstancesInUse: undefined }, 6, true).state, 'ok');
    assert.equal(judgeKernel({ ...fine, inotifyInstancesInUse: undefined }, 7, true).state, 'warning');
  });

  it('are told one by one', () => {
    assert.match(judgeKernel({ ...fine, inotifyWatches: 4096 }, 1, true).message, /only 4096 inotify watches/);
    assert.match(judgeKernel({ ...fine, connectionsInUse: 250_000 }, 1, true).message, /new ones will be dropped/);
    assert.match(judgeKernel({ ...fine, bridgeRules: 0 }, 1, true).message, /names of services/);
    assert.equal(judgeKernel(fine, 1, false).state, 'error');
  });

  it('are skipped where nothing can be read', () => {
    const nothing = Object.fromEntries(Object.keys(fine).map((key) => [key, undefined])) as unknown as KernelLimits;
    assert.equal(judgeKernel(nothing, 1, true).state, 'skipped');
  });
});
