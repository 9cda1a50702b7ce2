import { join } from 'node:path';
import { createApp, type TemplateSource } from '../../src/scaffold';

/** The templates as they are in this repository. */
export const TEMPLATES: TemplateSource = { directory: join(__dirname, '..', '..', 'templates') };

/** Makes the app that most tests run, as `vapp new` does. @param folder absent or empty. */
export function createSample(folder: string, template = 'python'): Promise<string> {
  return createApp(TEMPLATES, { template, name: 'SampleApp', folder });
}
