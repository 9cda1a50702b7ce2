import { setup, teardown } from './main';
const c = new AbortController();
process.once('SIGINT', () => c.abort());
(process.argv[2] === 'setup' ? setup([], c.signal) : teardown(process.argv.slice(3))).then(
  () => {},
  (e) => {
    console.error(e);
    process.exitCode = 1;
  },
);
