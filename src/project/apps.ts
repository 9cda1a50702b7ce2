import { basename, dirname, join } from 'node:path';
import { startOfFile } from '../base';
import { readChart } from './chart';
import { checkDockerfile } from './dockerfile';
import type { Findings } from './findings';
import { DEFAULT_MANIFEST, readManifest, type ManifestEntry } from './manifest';
import { applicationId } from './names';
import { displayPath, leadsOut, resolveInside, type PathSetting } from './paths';
import { buildOfApp } from './remote-settings';
import { isFile, kindOf, linkProblem } from './text-file';
import type { App, BuildSettings, Located, VelocitasConfig } from './types';
import { NO_SETTINGS, VAPP_FILE, type AppSettings, type VappSettings } from './vapp-yaml';
import { MANIFEST_PATH, variableOf, velocitasFileRange } from './velocitas';

export interface AppsRequest {
  readonly root: string;
  readonly velocitas: VelocitasConfig | 'missing' | 'unusable';
  readonly vapp: VappSettings | 'missing' | 'unusable';
}

/** Port of an app that says nothing else, as in Velocitas' `vehicleAppPort`. */
export const DEFAULT_APP_PORT = 50008;

/** Platforms of a release image that says nothing else: those Velocitas releases for. */
export const DEFAULT_PLATFORMS: readonly string[] = ['linux/amd64', 'linux/arm64'];

/** Stage of the Dockerfile with the integration tests, where nothing else is said. */
export const DEFAULT_TEST_TARGET = 'integration-test';

/**
 * Reads the apps: those of vapp.yaml, else those of the Velocitas manifest. Where vapp.yaml cannot be read there are
 * none: what the manifest alone says would not be what the owner wants.
 */
export async function readApps(request: AppsRequest, findings: Findings): Promise<readonly App[]> {
  const { root, vapp } = request;
  if (vapp === 'unusable') return [];
  const listed = vapp === 'missing' ? undefined : vapp.apps;
  const drafts = listed ? await draftsOfSettings(request, listed, findings) : await draftsOfManifest(request, findings);
  const { build } = vapp === 'missing' ? NO_SETTINGS : vapp;
  return new AppBuilder(root, build, findings).build(drafts);
}

/** An app before the parts it shares nothing of with others are read. */
interface Draft {
  readonly settings: AppSettings | undefined;
  readonly entry: ManifestEntry | undefined;
  /** Where the manifest is or would be. */
  readonly manifestFile: string;
  /** How many apps the manifest names. */
  readonly siblings: number;
}

async function draftsOfManifest(request: AppsRequest, findings: Findings): Promise<Draft[]> {
  const manifest = manifestOfVelocitas(request, findings);
  const isNamed = manifest.range !== undefined;
  const required = isNamed || (request.velocitas !== 'unusable' && request.vapp === 'missing');
  const entries = await manifestEntries(request.root, manifest, required, findings);
  const manifestFile = manifest.value;
  return entries.length === 0
    ? [{ settings: undefined, entry: undefined, manifestFile, siblings: 1 }]
    : entries.map((entry) => ({ settings: undefined, entry, manifestFile, siblings: entries.length }));
}

async function draftsOfSettings(
  request: AppsRequest,
  apps: readonly AppSettings[],
  findings: Findings,
): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const settings of apps) {
    const named = settings.manifest === 'invalid' ? undefined : settings.manifest;
    const manifest = named ?? manifestOfVelocitas(request, findings);
    const entries =
      settings.manifest === 'invalid'
        ? []
        : await manifestEntries(request.root, manifest, named !== undefined, findings);
    const entry = chooseEntry(entries, settings, findings);
    drafts.push({ settings, entry, manifestFile: manifest.value, siblings: 1 });
  }
  return drafts;
}

function manifestOfVelocitas(request: AppsRequest, findings: Findings): Located<string> {
  const { root, velocitas } = request;
  const variable = typeof velocitas === 'string' ? undefined : variableOf(velocitas, MANIFEST_PATH);
  const resolved: PathSetting | undefined = variable && resolveInside(root, variable, findings);
  return resolved && resolved !== 'invalid' ? resolved : { value: join(root, DEFAULT_MANIFEST) };
}

async function manifestEntries(
  root: string,
  manifest: Located<string>,
  required: boolean,
  findings: Findings,
): Promise<readonly ManifestEntry[]> {
  const entries = await readManifest(manifest.value, findings);
  if (entries === 'missing' && required) {
    findings.error(manifest.range ?? velocitasFileRange(root), {
      code: 'manifest-missing',
      message: `There is no app manifest at ${displayPath(root, manifest.value)}.`,
    });
  }
  return typeof entries === 'string' ? [] : entries;
}

/** Of a manifest with several apps, the one that vapp.yaml calls by its name. */
function chooseEntry(
  entries: readonly ManifestEntry[],
  settings: AppSettings,
  findings: Findings,
): ManifestEntry | undefined {
  if (entries.length <= 1) return entries[0];
  const wanted = settings.name?.value.toLowerCase();
  const entry = entries.find(({ manifest }) => manifest.name.value.toLowerCase() === wanted);
  if (!entry) {
    findings.error(settings.name?.range ?? settings.range, {
      code: 'manifest-ambiguous',
      message: 'The manifest names several apps, and none of them is called like this one.',
      hint: `Give it the "name" of one of them: ${entries.map(({ manifest }) => manifest.name.value).join(', ')}.`,
    });
  }
  return entry;
}

class AppBuilder {
  private readonly ids = new Set<string>();
  private readonly names = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly building: BuildSettings,
    private readonly findings: Findings,
  ) {}

  async build(drafts: readonly Draft[]): Promise<App[]> {
    const apps: App[] = [];
    for (const draft of drafts) apps.push(await this.app(draft));
    return apps;
  }

  private async app(draft: Draft): Promise<App> {
    const { settings, entry } = draft;
    const name = settings?.name ?? entry?.manifest.name ?? { value: basename(this.root) || 'app' };
    const id = this.identify(name, settings);
    const dockerfile = await this.dockerfile(draft, name.value, id);
    const { target, testTarget } = settings ?? {};
    const targets = [target, testTarget].filter((stage) => stage !== undefined);
    const hasStage = dockerfile.check
      ? await checkDockerfile({ root: this.root, dockerfile: dockerfile.path, targets }, this.findings)
      : undefined;
    const test = testTarget?.value ?? (hasStage?.(DEFAULT_TEST_TARGET) ? DEFAULT_TEST_TARGET : undefined);
    return {
      name,
      id,
      ...(entry ? { manifest: entry.manifest } : {}),
      dockerfile: dockerfile.path,
      context: await this.context(settings?.context),
      ...(target ? { target: target.value } : {}),
      ...(test === undefined ? {} : { testTarget: test }),
      ...(settings?.liveUpdate ? { liveUpdate: settings.liveUpdate } : {}),
      buildArgs: settings?.buildArgs ?? {},
      build: buildOfApp(this.building, id),
      platforms: settings?.platforms ?? DEFAULT_PLATFORMS,
      chart: await readChart(
        { root: this.root, folders: chartFolders(name.value, id), settings: settings?.chart },
        this.findings,
      ),
      port: settings?.port ?? entry?.port ?? DEFAULT_APP_PORT,
      namespace: settings?.namespace ?? 'default',
    };
  }

  private identify(name: Located<string>, settings: AppSettings | undefined): string {
    if (this.names.has(name.value)) {
      this.findings.warning(name.range ?? settings?.range ?? startOfFile(join(this.root, VAPP_FILE)), {
        code: 'app-name-twice',
        message: `Two apps are called "${name.value}"; their releases are told apart by a number, in file order.`,
        hint: 'Give each app a "name" of its own.',
      });
    }
    this.names.add(name.value);
    const id = applicationId(name.value, this.ids);
    this.ids.add(id);
    return id;
  }

  /** What vapp.yaml or the older manifest names, else the one beside the manifest, else that of the usual layout. */
  private async dockerfile(draft: Draft, name: string, id: string): Promise<{ path: Located<string>; check: boolean }> {
    const named = draft.settings?.dockerfile ?? this.resolve(draft.entry?.dockerfile);
    if (named && named !== 'invalid') return { path: named, check: true };
    const folder = dirname(draft.manifestFile);
    const own = draft.siblings > 1 ? folderNames(name, id).map((own) => join(folder, own)) : [];
    const candidates = [...own, folder, join(this.root, 'app')].map((place) => join(place, 'Dockerfile'));
    let found: string | undefined;
    for (const candidate of candidates) {
      this.findings.watch(candidate);
      if (await isFile(candidate)) {
        found = candidate;
        break;
      }
    }
    const path = { value: found ?? join(folder, 'Dockerfile') };
    // A path that is no good has been reported; whether the usual one exists is then beside the point.
    return { path, check: named !== 'invalid' };
  }

  private async context(setting: PathSetting | undefined): Promise<string> {
    if (!setting || setting === 'invalid') return this.root;
    this.findings.watch(setting.value);
    if ((await kindOf(setting.value)) !== 'folder') {
      this.findings.error(setting.range, {
        code: 'context-missing',
        message: `The build context ${displayPath(this.root, setting.value)} is not a folder.`,
      });
    } else if (await leadsOut(this.findings.boundary, setting.value)) {
      this.findings.error(setting.range, linkProblem(`The build context ${displayPath(this.root, setting.value)}`));
    }
    return setting.value;
  }

  private resolve(named: Required<Located<string>> | undefined): PathSetting | undefined {
    return named && resolveInside(this.root, named, this.findings);
  }
}

/** Below `deploy/`: the app's own folder by name or id, then that of the older Velocitas templates. */
function chartFolders(name: string, id: string): string[] {
  return [...new Set([...folderNames(name, id), 'VehicleApp'])];
}

function folderNames(name: string, id: string): string[] {
  return isFolderName(name) ? [name, id] : [id];
}

function isFolderName(name: string): boolean {
  return !/[/\\\0]/.test(name) && name !== '.' && name !== '..';
}
