import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyNewTables, undoDockerRules } from '../../stack/engine/firewall';

// iptables-save 1.8.9 (nf_tables) with Docker Engine 26.1.5 running and nothing else.
const WITH_DOCKER = readFileSync(join(__dirname, 'fixtures', 'iptables-save-with-docker.txt'), 'utf8');

describe('stack: what Docker did to the firewall', () => {
  it('takes away rules and chains, and gives FORWARD its policy back', () => {
    assert.equal(
      undoDockerRules('', WITH_DOCKER),
      `*filter
:FORWARD ACCEPT [0:0]
-D FORWARD -j DOCKER-USER
-D FORWARD -j DOCKER-ISOLATION-STAGE-1
-D FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-D FORWARD -o docker0 -j DOCKER
-D FORWARD -i docker0 ! -o docker0 -j ACCEPT
-D FORWARD -i docker0 -o docker0 -j ACCEPT
-F DOCKER
-F DOCKER-ISOLATION-STAGE-1
-F DOCKER-ISOLATION-STAGE-2
-F DOCKER-USER
-X DOCKER
-X DOCKER-ISOLATION-STAGE-1
-X DOCKER-ISOLATION-STAGE-2
-X DOCKER-USER
COMMIT
*nat
-D PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-D OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-F DOCKER
-X DOCKER
COMMIT
`,
    );
  });

  it('leaves alone what was there before, Docker’s or not', () => {
    assert.equal(undoDockerRules(WITH_DOCKER, WITH_DOCKER), undefined);
  });

  it('leaves alone what others added meanwhile', () => {
    const others = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp --dport 22 -j f2b-sshd
-A FORWARD -i br-lan -j ACCEPT
-A FORWARD -m comment --comment not-DOCKER -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE
COMMIT
`;
    assert.equal(undoDockerRules('', others), undefined);
  });

  it('knows the rules of Docker’s networks and published ports', () => {
    const now = `*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.18.0.0/16 ! -o br-1ff4b0f36005 -j MASQUERADE
-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 6443 -j MASQUERADE
COMMIT
`;
    assert.equal(undoDockerRules('', now), now.replace(':POSTROUTING ACCEPT [0:0]\n', '').replaceAll('-A ', '-D '));
  });

  it('removes one rule of two equal ones when one was there before', () => {
    const table = (count: number) => `*filter\n${'-A FORWARD -i docker0 -j ACCEPT\n'.repeat(count)}COMMIT\n`;
    assert.equal(undoDockerRules(table(1), table(2)), '*filter\n-D FORWARD -i docker0 -j ACCEPT\nCOMMIT\n');
  });

  it('names tables that came with Docker and are empty now', () => {
    const empty = '*nat\n:PREROUTING ACCEPT [1:60]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n';
    assert.deepEqual(emptyNewTables('', empty), ['nat']);
    assert.deepEqual(emptyNewTables(empty, empty), []);
    assert.deepEqual(emptyNewTables('', empty.replace('COMMIT', '-A POSTROUTING -j ACCEPT\nCOMMIT')), []);
    assert.deepEqual(emptyNewTables('', empty.replace('PREROUTING ACCEPT', 'PREROUTING DROP')), []);
  });
});
