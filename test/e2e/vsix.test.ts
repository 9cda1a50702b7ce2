import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFolder } from '../../src/scaffold';
import { extractFromZip, namesInZip } from '../stack/zip';
import { packVsix } from '../workbench/vsix';

const root = join(__dirname, '..', '..');
const LARGEST_BYTES = 1.5 * 1024 * 1024;

/** What may be in the package; whatever else is found there was not meant to be shipped. */
const SHIPPED = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(package(\.nls(\.\w+)?)?\.json|readme\.md|changelog\.md|LICENSE\.txt)$/,
  /^extension\/dist\/(base|core|cli|extension)\.js(\.LEGAL\.txt)?$/,
  /^extension\/bin\/vapp(\.cmd)?$/,
  /^extension\/l10n\/bundle\.l10n(\.\w+)?\.json$/,
  /^extension\/schemas\/[\w-]+\.schema\.json$/,
  /^extension\/media\/([\w-]+\/)?[\w-]+\.(svg|png)$/,
  /^extension\/templates\/(common|src\/\w+)\/./,
  /^extension\/templates\/charts\/[\w-]+\/((templates\/(tests\/)?)?[\w-]+\.(yaml|tpl|txt|json)|values\.schema\.json|\.helmignore)$/,
];

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly contributes: {
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly yamlValidation: readonly { readonly url: string }[];
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly svg: string } }[] }[];
  };
}

describe('the packed extension', function () {
  this.timeout(120_000);
  let folder: string;
  let vsix: string;
  let names: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-vsix-'));
    vsix = await packVsix(folder);
    names = await namesInZip(vsix);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const text = async (name: string) => {
    await extractFromZip(vsix, { [name]: 'member' }, folder, 0o600);
    return readFile(join(folder, 'member'), 'utf8');
  };

  it('has nothing in it but what runs and what is shown: no sources, maps or tests', () => {
    assert.deepEqual(
      names.filter((name) => !SHIPPED.some((pattern) => pattern.test(name))),
      [],
    );
  });

  it('is small', async () => {
    const { size } = await stat(vsix);
    assert.ok(size <= LARGEST_BYTES, `${size} bytes`);
  });

  it('has every file that its manifest names', async () => {
    const manifest = JSON.parse(await text('extension/package.json')) as Manifest;
    const { jsonValidation, yamlValidation, walkthroughs } = manifest.contributes;
    const named = [
      manifest.main,
      manifest.icon,
      ...[...jsonValidation, ...yamlValidation].map(({ url }) => url),
      ...walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
    ].map((path) => join('extension', path));
    assert.deepEqual(
      named.filter((name) => !names.includes(name)),
      [],
    );
  });

  it('has the bundles and the built-in charts, whole', async () => {
    const files = async (path: string, wanted: RegExp) => {
      const found = await readdir(join(root, path), { recursive: true, withFileTypes: true });
      return found.filter((entry) => entry.isFile() && wanted.test(entry.name)).map(({ name }) => name);
    };
    const packed = names.map((name) => name.split('/').at(-1));
    const wanted = [...(await files('dist', /\.js$/)), ...(await files('templates/charts', /./))];
    assert.deepEqual(
      wanted.filter((name) => !packed.includes(name)),
      [],
    );
  });

  it('has the templates, and of each no more than belongs to it', async () => {
    const templates = join(root, 'templates');
    const wanted: string[] = [];
    for (const folder of ['common', 'src']) {
      for (const { path } of await readFolder(join(templates, folder))) wanted.push(`${folder}/${path}`);
    }
    const packed = names.flatMap((name) => /^extension\/templates\/((common|src)\/.*)$/.exec(name)?.[1] ?? []);
    assert.deepEqual(packed.sort(), wanted.sort());
  });

  it('tells a marketplace all that it asks for', async () => {
    const manifest = await text('extension.vsixmanifest');
    for (const asset of ['Content.Details', 'Content.Changelog', 'Content.License', 'Icons.Default']) {
      assert.match(manifest, new RegExp(`Microsoft.VisualStudio.Services.${asset}"`));
    }
    for (const property of ['Links.Source', 'Links.Support', 'Links.Learn', 'Branding.Color', 'Branding.Theme']) {
      assert.match(manifest, new RegExp(`Id="Microsoft.VisualStudio.Services.${property}" Value="[^"]+"`));
    }
    assert.match(manifest, /<Categories>[^<]+<\/Categories>/);
    assert.match(manifest, /Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/);
  });

  it('loads the core only when it is needed', async () => {
    const extension = await text('extension/dist/extension.js');
    assert.match(extension, /\bimport\("\.\/core\.js"\)/);
    assert.doesNotMatch(extension, /require\("\.\/core\.js"\)/);
  });
});
