import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { findErrors } from '../../../src/explain/source-errors';

/** What a real tool wrote: gcc 12, CMake 3.25, cargo 1.94, TypeScript 5, Go 1.25, Python 3.11, Node.js 22, and others. */
function recorded(name: string): string[] {
  return readFileSync(join(__dirname, 'fixtures', 'build', `${name}.txt`), 'utf8').split('\n');
}

/** The errors that are certain: the first place, or all of a stack trace, and the message. */
function errorsIn(lines: readonly string[]): string[] {
  return findErrors(lines)
    .filter(({ certain }) => certain)
    .map(({ places, message, folder }) => {
      const where = places.map(({ path, line, column }) => [path, line, column].filter(Boolean).join(':')).join(' < ');
      return `${folder === undefined ? '' : `${folder}/`}${where} ${message}`;
    });
}

const CONVERSION =
  'conversion from ‘int’ to non-scalar type ‘std::string’ {aka ‘std::__cxx11::basic_string<char>’} requested';
const DOM =
  "Cannot find name 'console'. Do you need to change your target library? Try changing the 'lib' compiler option to include 'dom'";

const RECORDED: Readonly<Record<string, readonly string[]>> = {
  gcc: [
    'include/speed.h:2:43 expected ‘;’ before ‘}’ token',
    `src/main.cpp:5:24 ${CONVERSION}`,
    'src/main.cpp:6:5 ‘speeed’ was not declared in this scope; did you mean ‘speed’?',
    'src/main.cpp:8:18 invalid conversion from ‘const char*’ to ‘int’ [-fpermissive]',
  ],
  'cmake-make': [
    `/mnt/app/cpp/src/main.cpp:5:24 ${CONVERSION}`,
    '/mnt/app/cpp/src/main.cpp:6:5 ‘speeed’ was not declared in this scope; did you mean ‘speed’?',
    '/mnt/app/cpp/src/main.cpp:8:18 invalid conversion from ‘const char*’ to ‘int’ [-fpermissive]',
  ],
  'make-recursive': ['/mnt/app/cpp/sub/bad.cpp:1:18 ‘x’ was not declared in this scope'],
  'make-separator': ['Makefile:2 missing separator.  Stop'],
  ld: ["/mnt/app/cpp/link.cpp:2 undefined reference to `nope()'"],
  'cmake-error': [
    'CMakeLists.txt:7 By not providing "FindNope.cmake" in CMAKE_MODULE_PATH this project has asked CMake to find a package configuration file provided by "Nope", but CMake did not find one',
  ],
  'cmake-unknown': ['CMakeLists.txt:3 Unknown CMake command "add_executabel"'],
  cargo: [
    'src/main.rs:5:31 cannot find value `y` in this scope',
    'src/speed.rs:2:7 no method named `nope` found for type `i32` in the current scope',
    'src/main.rs:4:18 mismatched types',
  ],
  go: [
    './main.go:5:2 "os" imported and not used',
    './main.go:11:14 undefined: undefinedName',
    './main.go:12:12 cannot use "x" (untyped string constant) as int value in argument to speed.Get',
  ],
  gotest: [
    './main.go:5:2 "os" imported and not used',
    './main.go:11:14 undefined: undefinedName',
    './main.go:12:12 cannot use "x" (untyped string constant) as int value in argument to speed.Get',
    'speed_test.go:7 got 1',
  ],
  tsc: [
    "src/main.ts:1:7 Type 'string' is not assignable to type 'number'",
    `src/main.ts:2:1 ${DOM}`,
    "src/main.ts:2:13 Cannot find name 'y'",
  ],
  'tsc-pretty': [
    "src/main.ts:1:7 Type 'string' is not assignable to type 'number'",
    `src/main.ts:2:1 ${DOM}`,
    "src/main.ts:2:13 Cannot find name 'y'",
  ],
  eslint: ["/mnt/app/ts/src/a.js:2:1 'foo' is not defined"],
  esbuild: ['main.ts:2:9 Unexpected "="'],
  javac: ["A.java:2 ';' expected"],
  ruff: ['r.py:1:8 F401 [*] `os` imported but unused', 'r.py:4:7 F821 Undefined name `y`'],
  mypy: [
    'r.py:3 Incompatible types in assignment (expression has type "str", variable has type "int")  [assignment]',
    'r.py:4 Name "y" is not defined  [name-defined]',
  ],
  pytest: ['tests/test_p.py:3 assert 1 == 2', 'tests/test_speed.py:6 AssertionError: 1 != 2'],
  pytrace: ["/app/speed.py:2 < /app/main.py:3 KeyError: 'missing'"],
  pysyntax: ["./bad.py:1 SyntaxError: '(' was never closed", "/app/bad.py:1 SyntaxError: '(' was never closed"],
  node: [
    "/app/speed.js:2:20 < /app/speed.js:2:20 < /app/index.js:2:1 TypeError: Cannot read properties of undefined (reading 'value')",
  ],
  nodesyntax: ['/app/bad.js:2 SyntaxError: Unexpected number'],
  bash: [
    's.sh:3 nope_command: command not found',
    "s.sh:4 syntax error near unexpected token `then'",
    "s.sh:4 `if then'",
  ],
  dash: ['s.sh:3 nope_command: not found', 's.sh:4 Syntax error: "then" unexpected'],
};

describe('errors that the output of a build names a place for', () => {
  for (const [tool, errors] of Object.entries(RECORDED)) {
    it(tool, () => assert.deepEqual(errorsIn(recorded(tool)), errors));
  }

  it('a Go program that panics', () => {
    const output = [
      'panic: runtime error: index out of range [3] with length 0',
      '',
      'goroutine 1 [running]:',
      'main.read(...)',
      '\t/src/read.go:7',
      'main.main()',
      '\t/src/main.go:4 +0x1d',
      'exit status 2',
    ];
    const trace = '/src/read.go:7 < /src/main.go:4 panic: runtime error: index out of range [3] with length 0';
    assert.deepEqual(errorsIn(output), [trace]);
  });

  it('CMake, in a module of its own: who called it counts as well', () => {
    const output = [
      'CMake Error at /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:230 (message):',
      '  Could NOT find gRPC (missing: gRPC_DIR)',
      'Call Stack (most recent call first):',
      '  /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:600 (_FPHSA_FAILURE_MESSAGE)',
      '  CMakeLists.txt:12 (find_package)',
      '',
      '',
      '-- Configuring incomplete, errors occurred!',
    ];
    const [error] = findErrors(output);
    assert.equal(error?.message, 'Could NOT find gRPC (missing: gRPC_DIR)');
    assert.deepEqual(error.places.at(-1), { path: 'CMakeLists.txt', line: 12 });
  });

  it('a trace that a package manager indents', () => {
    const output = [
      '      Traceback (most recent call last):',
      '        File "/app/setup.py", line 3, in <module>',
      '          name',
      "      NameError: name 'name' is not defined",
      '      [end of output]',
    ];
    assert.deepEqual(errorsIn(output), ["/app/setup.py:3 NameError: name 'name' is not defined"]);
  });

  const none = [
    'In file included from src/main.cpp:2:',
    '                 from src/main.cpp:2:',
    'src/main.cpp:7:9: warning: unused variable ‘unused’ [-Wunused-variable]',
    'include/speed.h:2:22: note:   initializing argument 1',
    'main.py:3: DeprecationWarning: invalid escape sequence',
    'src/main.cpp: In function ‘int main()’:',
    '12:30:01: starting',
    'Get "https://example.org:443": x',
    '   Compiling app v0.1.0 (/src)',
  ];
  for (const line of none) it(`none in: ${line}`, () => assert.deepEqual(errorsIn([line]), []));

  it('what only speaks of a failure is told after what is one', () => {
    const found = findErrors(['Failed to load config/app.yaml:3', 'see docs/a.md:1', 'main.c:1:2: error: x']);
    assert.deepEqual(
      found.map(({ certain, places }) => [certain, places[0]?.path]),
      [
        [true, 'main.c'],
        [false, 'config/app.yaml'],
      ],
    );
  });

  it('takes output made of anything, in time that grows with its length', () => {
    const part = fc.constantFrom(
      ...[
        '  File "/a.py", line 3',
        'Traceback (most recent call last):',
        '/a.js:3',
        '   ^',
        '',
        '    at f (/a.js:1:2)',
      ],
      ...[
        'panic: x',
        '\t/a.go:1',
        'CMake Error at a:3:',
        '  x',
        'Call Stack',
        'E   x',
        'a.py:1: AssertionError',
        ' --> a:1:2',
      ],
      ...['error: x', '\u001b[31ma.c:1:1: error: y', "make: Entering directory `/x'", "make: Leaving directory `/x'"],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 60 }), (lines) => {
        for (const { places, at, message } of findErrors(lines)) {
          assert.ok(at >= 0 && at < lines.length && message.length <= 200 && places.length > 0);
          assert.ok(places.every(({ path, line, column = 1 }) => path !== '' && line >= 1 && column >= 1));
        }
      }),
    );
    for (const line of [
      '  File "/a.py", line 3',
      '/a.js:3',
      'panic: x',
      'CMake Error at a:3:',
      'E   x',
      '    at f (a.js:1:2)',
    ]) {
      assert.ok(findErrors(Array.from({ length: 4_000 }, () => line)).length <= 100);
    }
    for (const text of ['a:1', ':1', ' ', 'a', '/', '"', '.a:1:1', ' at ']) {
      assert.ok(findErrors(Array.from({ length: 100 }, () => text.repeat(100_000))).length <= 100);
    }
  });
});
