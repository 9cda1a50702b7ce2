import assert from 'node:assert/strict';
import { explainService } from '../../../src/explain';

interface PodMore {
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly object[];
  readonly ready?: boolean;
  readonly phase?: string;
}

const pod = ({ labels = { app: 'web' }, ports = [], ready = true, phase = 'Running' }: PodMore = {}) => ({
  metadata: { name: 'web-1', labels },
  spec: { containers: [{ name: 'app', ports }] },
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const service = (spec: object) => ({ kind: 'Service', metadata: { name: 'web' }, spec });
const toWeb = (...ports: object[]) => service({ selector: { app: 'web' }, ports });

describe('explaining a Service', () => {
  const certain: [string, object, PodMore[], string, RegExp, string][] = [
    [
      'that selects what no pod has',
      service({ selector: { app: 'wbe' } }),
      [{}],
      'service-without-pods',
      /The Service web leads nowhere: .*app=wbe[^]*There are pods with app=web/,
      'spec.selector.app',
    ],
    [
      'that selects labels which no pod has together',
      service({ selector: { app: 'web', tier: 'front' } }),
      [{}, { labels: { app: 'db', tier: 'front' } }],
      'service-without-pods',
      /app=web, tier=front/,
      'spec.selector',
    ],
    [
      'whose only pod has ended',
      toWeb(),
      [{ phase: 'Succeeded' }],
      'service-without-pods',
      /no pod has the labels/,
      'spec.selector.app',
    ],
    [
      'that names a port which no container has',
      toWeb({ port: 80, targetPort: 'web' }),
      [{ ports: [{ name: 'http', containerPort: 8080 }] }],
      'service-port-unknown',
      /from its port 80: no container of its pods has a port named web[^]*8080 http/,
      'spec.ports.0.targetPort',
    ],
    [
      'that names a port of another protocol',
      toWeb({ port: 80, targetPort: 'dns', protocol: 'UDP' }),
      [{ ports: [{ name: 'dns', containerPort: 53 }] }],
      'service-port-unknown',
      /a port named dns/,
      'spec.ports.0.targetPort',
    ],
    [
      'that leads to a number which no container declares, although each declares some',
      toWeb({ port: 80, targetPort: 8080 }, { port: 81 }),
      [{ ports: [{ containerPort: 8080 }] }],
      'service-port-unknown',
      /from its port 81: no container of its pods has port 81/,
      'spec.ports.1.port',
    ],
    [
      'none of whose pods is ready',
      toWeb(),
      [{ ready: false }],
      'service-without-ready-pods',
      /none of the pods/,
      'spec.selector',
    ],
  ];
  for (const [title, object, pods, code, says, field] of certain) {
    it(`${title}, says so`, () => {
      const trouble = explainService(object, pods.map(pod));
      assert.equal(trouble?.failure.code, code);
      assert.equal(trouble.failure.fault, 'app');
      assert.match([trouble.failure.summary, ...trouble.failure.evidence].join('\n'), says);
      assert.ok(trouble.failure.nextSteps.length > 0);
      assert.equal(trouble.field.join('.'), field);
    });
  }

  const fine: [string, object, PodMore[]][] = [
    ['that reaches a pod', toWeb({ port: 80, targetPort: 8080 }), [{ ports: [{ containerPort: 8080 }] }]],
    ['that reaches a port by its name', toWeb({ port: 80, targetPort: 'x' }), [{ ports: [{ name: 'x' }] }]],
    ['whose pods declare no ports', toWeb({ port: 80, targetPort: 8080 }), [{}]],
    ['with a selector of null', service({ selector: null, ports: null }), []],
    ['without a selector', service({ clusterIP: 'None' }), []],
    ['for a name elsewhere', service({ type: 'ExternalName', selector: { a: 'b' } }), []],
    [
      'that publishes pods which are not ready',
      service({ selector: { app: 'web' }, publishNotReadyAddresses: true }),
      [{ ready: false }],
    ],
    ['one of whose pods is ready', toWeb(), [{ ready: false }, {}]],
  ];
  for (const [title, object, pods] of fine) {
    it(`${title}, says nothing`, () => assert.equal(explainService(object, pods.map(pod)), undefined));
  }
});
