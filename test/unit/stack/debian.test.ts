import assert from 'node:assert/strict';
import { sourcesForSuite } from '../../stack/debian';

const DEB822 = `Types: deb
# a snapshot of this image
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ
`;

describe('stack: Debian sources of another suite', () => {
  it('keeps mirror, keys and components of deb822 files', () => {
    assert.equal(
      sourcesForSuite([{ name: 'debian.sources', text: DEB822 }], 'bookworm', 'trixie'),
      `Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
Signed-By: 
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQ
`,
    );
  });

  it('translates one-line files', () => {
    const text = `# comment
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # here
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
`;
    assert.equal(
      sourcesForSuite([{ name: '/etc/apt/sources.list', text }], 'bookworm', 'trixie'),
      `Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main contrib
Architectures: amd64
Signed-By: /k.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
`,
    );
  });

  it('leaves out third parties, what is switched off, and sources of sources', () => {
    const files = [
      { name: 'node.sources', text: 'Types: deb\nURIs: http://a\nSuites: nodistro\nComponents: main\n' },
      { name: 'cloud.list', text: 'deb http://b cloud-sdk-bookworm main\n' },
      { name: 'off.sources', text: 'Enabled: no\nTypes: deb\nURIs: http://c\nSuites: bookworm\nComponents: main\n' },
      { name: 'src.sources', text: 'Types: deb-src\nURIs: http://d\nSuites: bookworm\nComponents: main\n' },
    ];
    assert.equal(sourcesForSuite(files, 'bookworm', 'trixie'), undefined);
  });

  it('asks the machine’s own suite the same way', () => {
    const text = sourcesForSuite([{ name: 'debian.sources', text: DEB822 }], 'bookworm', 'bookworm');
    assert.match(text ?? '', /Suites: bookworm bookworm-updates\n/);
  });
});
