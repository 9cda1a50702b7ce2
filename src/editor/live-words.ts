import type { LiveEvent } from '../run';
import type { LivePicture } from './live-state';
import type { L10n } from './tree/node';

/** So many files are named. */
const NAMED = 3;
/** So many characters of a reason are in the status bar; its tooltip has them all. */
const SHORT = 40;

/** Which way files took, for the output: `app/src/main.py: live, 0.09 s, 1 pod`. */
export function liveLine({ way, files, why = '', durationMs, pods = [] }: LiveEvent): string {
  const more = files.length - NAMED;
  const what = [...files.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  switch (way) {
    case 'live': {
      const time = durationMs === undefined ? '' : `, ${(durationMs / 1000).toFixed(2)} s`;
      return `${what}: live${time}, ${pods.length === 1 ? '1 pod' : `${pods.length} pods`}`;
    }
    case 'image':
      return `${what}: new image, because ${why}`;
    case 'none':
      return `${what}: no image has it, nothing to do`;
  }
}

/** How a live update is, beside that it is: what is wrong, or what is new. Undefined: neither. */
export function liveWords({ troubles, news }: LivePicture, l10n: L10n): string | undefined {
  const [trouble] = troubles;
  if (trouble) return trouble.summary;
  if (news?.way === 'image') return l10n.t('new image: {0}', news.why ?? '');
  if (news?.durationMs === undefined) return undefined;
  const seconds = news.durationMs / 1000;
  const digits = seconds < 1 ? 2 : 1;
  return l10n.t(
    '{0} s',
    seconds.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
}

/** The same in the status bar. */
export function shortLiveWords(live: LivePicture, l10n: L10n): string | undefined {
  const words = liveWords(live, l10n);
  return words !== undefined && words.length > SHORT ? `${words.slice(0, SHORT - 1)}…` : words;
}
