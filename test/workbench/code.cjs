#!/usr/bin/env node
// A stand-in for the `code` executable, for @vscode/test-electron: see code.ts.
require('tsx/cjs');
require('./code.ts');
