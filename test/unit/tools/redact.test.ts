import assert from 'node:assert/strict';
import { Redactor, withoutSecrets } from '../../../src/tools';

describe('tools: Redactor', () => {
  it('hides credentials in any URL', () => {
    const redactor = new Redactor();
    assert.equal(redactor.redact('get http://user:pass@host:3128/x now'), 'get http://***@host:3128/x now');
    assert.equal(redactor.redact('http://user:p@ss@w@host/'), 'http://***@host/');
    assert.equal(redactor.redact('1https://token@github.com/a'), '1https://***@github.com/a');
  });

  it('leaves text without credentials alone', () => {
    const redactor = new Redactor();
    for (const text of [
      'localhost:5000/app@sha256:0123',
      'docker-image://docker.io/library/python:3.11@sha256:0123',
      'mail me@example.org',
      'http://host/path?mail=a@b',
      '@',
    ]) {
      assert.equal(redactor.redact(text), text);
    }
  });

  it('learns proxy credentials with unescaped and escaped characters, in every form a tool prints them', () => {
    const redactor = new Redactor();
    redactor.addFromEnvironment({
      HTTP_PROXY: 'http://user:p@ss/w0rd@proxy:3128',
      https_proxy: 'http://user:s%40cret@proxy:3128/',
      ALL_PROXY: 'someone:without-scheme@proxy:1080',
      NO_PROXY: 'localhost,127.0.0.1',
      OTHER: 'http://user:unrelated@host',
    });
    const secrets = ['p@ss/w0rd', 'p%40ss%2Fw0rd', 's%40cret', 's@cret', 'without-scheme'];
    for (const secret of secrets) assert.equal(redactor.redact(`is ${secret}!`), 'is ***!');
    assert.equal(redactor.redact('proxy http://user:p@ss/w0rd@proxy:3128'), 'proxy http://***@proxy:3128');
    assert.equal(redactor.redact('localhost,127.0.0.1 unrelated'), 'localhost,127.0.0.1 unrelated');
  });

  it('hides a secret that contains another one whole', () => {
    const redactor = new Redactor();
    redactor.add('secret', 'secretsecret-long', undefined);
    assert.equal(redactor.redact('secretsecret-long secret'), '*** ***');
  });

  it('hides a secret of which URLs have no form', () => {
    const redactor = new Redactor();
    redactor.add('half \ud83d');
    assert.equal(redactor.redact('half \ud83d!'), '***!');
  });

  it('does not take short words for secrets', () => {
    const redactor = new Redactor();
    redactor.add('app', '');
    assert.equal(redactor.redact('the app'), 'the app');
  });

  it('takes linear time on a long line', () => {
    const redactor = new Redactor();
    const line = 'a'.repeat(2_000_000);
    assert.equal(redactor.redact(line), line);
  });
});

describe('tools: what leaves the process by no tool', () => {
  it('holds no secret that any redactor has learned, as it is or quoted', () => {
    new Redactor().add('only-"one"-knows');
    assert.equal(withoutSecrets('is only-"one"-knows'), 'is ***');
    assert.equal(withoutSecrets(JSON.stringify({ a: 'only-"one"-knows' })), '{"a":"***"}');
    assert.equal(withoutSecrets('at http://ada:other@host/'), 'at http://***@host/');
  });
});
