import assert from 'node:assert/strict';
import { judgeBuildx, judgeKubectl, judgeTool, versionInTag } from '../../../../src/run/doctor/tools';

describe('doctor: versions', () => {
  it('of k3d and Helm are those that are known to work', () => {
    assert.equal(judgeTool('k3d', '5.8.3').state, 'ok');
    assert.equal(judgeTool('helm', '3.16.1+g5a5449d').state, 'ok');
    assert.equal(judgeTool('helm', '4.1.4+g05fa379').state, 'ok');
    assert.match(judgeTool('k3d', '5.6.0').message, /^5\.6\.0 is older than 5\.8\.0, which copies/);
    assert.equal(judgeTool('k3d', '4.4.8').state, 'error');
    assert.equal(judgeTool('helm', '2.17.0').state, 'error');
    assert.equal(judgeTool('helm', '3.12.3').state, 'warning');
    assert.match(judgeTool('k3d', '6.0.0').message, /newer than what is known to work: 5\.x/);
  });

  it('of kubectl are at most one minor version away from the cluster', () => {
    assert.equal(judgeKubectl('1.34.5', 'v1.34.3+standin1').state, 'ok');
    assert.equal(judgeKubectl('1.35.0', '1.34.3').state, 'ok');
    assert.equal(judgeKubectl('1.34.5', undefined).state, 'ok');
    const old = judgeKubectl('1.30.0', 'v1.34.3+k3s1');
    assert.equal(old.state, 'warning');
    assert.match(old.message, /^1\.30\.0 is 4 minor versions older than the cluster, 1\.34;/);
    assert.match(old.nextSteps?.[0] ?? '', /Install kubectl 1\.34:/);
    assert.match(judgeKubectl('1.36.1', '1.34.3').message, /2 minor versions newer/);
  });

  it('of Kubernetes are read from the name of a node image', () => {
    assert.equal(versionInTag('rancher/k3s:v1.34.3-k3s1'), '1.34.3');
    assert.equal(versionInTag('localhost:5000/k3s:v1.35.0-k3s1@sha256:0123'), '1.35.0');
    assert.equal(versionInTag('registry:5000/k3s'), undefined);
    assert.equal(versionInTag('mine/k3s:latest'), undefined);
  });

  it('of buildx speak JSON', () => {
    assert.equal(judgeBuildx('github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3').state, 'ok');
    assert.equal(judgeBuildx('github.com/docker/buildx v0.20.0 8e30c4669ca5').state, 'ok');
    assert.match(judgeBuildx('github.com/docker/buildx v0.12.1 30feaa1a915b').message, /is older than 0\.13\.0/);
    assert.match(judgeBuildx(undefined).message, /^not installed/);
  });
});
