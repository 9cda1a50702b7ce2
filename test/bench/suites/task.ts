import { writeFile } from 'node:fs/promises';

/** What `inExtensionHost` asks for. */
export function givenTask(): unknown {
  return JSON.parse(process.env['VAPP_BENCH_TASK'] ?? '');
}

/** Hands over what was measured. */
export async function answer(value: unknown): Promise<void> {
  await writeFile(process.env['VAPP_BENCH_ANSWER'] ?? '', JSON.stringify(value));
}
