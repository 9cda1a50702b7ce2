import assert from 'node:assert/strict';
import { fullSecond, isTimestampAt, timestampOf, toTimestamp } from '../../../src/logs/timestamp';

describe('timestamps of log lines', () => {
  it('sort as text, trimmed zeros or not', () => {
    const inOrder = [
      '2026-11-24T07:18:56.999999999Z',
      '2026-11-24T07:18:57Z',
      '2026-11-24T07:18:57.000000001Z',
      '2026-11-24T07:18:57.09Z',
      '2026-11-24T07:18:57.1Z',
      '2026-11-24T08:18:57.10000001+01:00',
    ].map((text) => toTimestamp(text));
    assert.deepEqual([...inOrder].sort(), inOrder);
    assert.ok(inOrder.every((timestamp) => timestamp?.length === 30));
  });

  it('are told apart from other text', () => {
    for (const text of ['', 'hello', '2026-11-24', '2026-11-24T07:18:57.0000000001Z', '2026-99-99T07:18:57+01:00']) {
      assert.equal(toTimestamp(text), undefined, text);
    }
    // What looks like a time and is none could not be reckoned with.
    for (const text of [
      '2026-99-99T07:18:57Z',
      '2026-11-24T07:18:61.1Z',
      '9999-12-31T23:59:59-01:00',
      '0000-01-01T00:00:00Z',
    ]) {
      assert.equal(toTimestamp(text), undefined, text);
    }
  });

  it('are recognized among bytes, leap days the long way', () => {
    const isOne = (text: string) => isTimestampAt(Buffer.from(`x${text}`), 1);
    for (const day of ['01-31', '02-28', '04-30', '11-30', '12-31'])
      assert.ok(isOne(`2026-${day}T23:59:59.123456789Z`), day);
    for (const text of [
      '2024-02-29T23:59:59.123456789Z',
      '2026-04-31T23:59:59.123456789Z',
      '2026-00-01T23:59:59.123456789Z',
      '2026-11-00T23:59:59.123456789Z',
      '2026-13-24T07:18:57.123456789Z',
      '2026-11-24T07:18:57.12345678Z ',
      '',
    ]) {
      assert.equal(isOne(text), false, text);
    }
  });

  it('convert from dates and to full seconds', () => {
    const timestamp = timestampOf(new Date(Date.UTC(2026, 0, 1, 0, 0, 0, 500)));
    assert.equal(timestamp, '2026-01-01T00:00:00.500000000Z');
    assert.equal(fullSecond(timestamp), '2026-01-01T00:00:00Z');
    assert.equal(fullSecond(timestamp, 1), '2025-12-31T23:59:59Z');
  });
});
