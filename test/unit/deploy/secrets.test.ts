import assert from 'node:assert/strict';
import { secretsIn } from '../../../src/deploy/secrets';

describe('the secrets among the values of a chart', () => {
  it('are told by their names, wherever they stand', () => {
    const values = {
      mqtt: { user: 'ada', password: 'one', PASSWD: 'two' },
      list: [{ apiKey: 'three' }, { client_secret: 'four' }],
      env: { CLOUD_TOKEN: 'five' },
    };
    assert.deepEqual(secretsIn(values), ['one', 'two', 'three', 'four', 'five']);
  });

  it('are not what names one, or is no text', () => {
    const values = { existingSecret: 'mqtt', secretName: 'tls', passwordKey: 'x', automountServiceAccountToken: true };
    assert.deepEqual(secretsIn({ values, imagePullSecrets: [{ name: 'registry' }], none: null }), []);
    assert.deepEqual(secretsIn(undefined), []);
  });
});
