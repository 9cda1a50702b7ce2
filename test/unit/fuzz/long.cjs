// Required by `npm run test:fuzz` before the tests are.
process.env.VAPP_FUZZ_RUNS ??= '20000';
