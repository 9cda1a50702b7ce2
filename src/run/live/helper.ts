import { dockerFailure, type Docker } from '../../tools';

/** What takes changes in a container: `images/live-update`. Its tag is the version of what both sides say to each other. */
export const LIVE_UPDATE_IMAGE = 'ghcr.io/vscode-velocitas/live-update:1';

/** Where it listens; apps seldom do. */
export const LIVE_UPDATE_PORT = 47_117;

/** What an image of the engine runs by itself. @throws Failure `docker-*`. */
export async function commandOf(
  docker: Docker,
  image: string,
): Promise<{ readonly entrypoint: readonly string[]; readonly cmd: readonly string[] }> {
  try {
    const { Config } = await docker.getImage(image).inspect();
    return { entrypoint: wordsOf(Config.Entrypoint), cmd: wordsOf(Config.Cmd) };
  } catch (error) {
    throw dockerFailure(error);
  }
}

function wordsOf(words: string | string[] | undefined | null): string[] {
  return typeof words === 'string' ? [words] : (words ?? []);
}
