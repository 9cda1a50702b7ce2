import type { LogEntry } from './entries';

/**
 * Who writes a log. As long as one container does, its lines need no name before them; of several each line gets one,
 * no longer than it takes to tell them apart.
 */
export class Speakers {
  /** Containers that wrote and have not ended, by `pod/container`. */
  private readonly present = new Map<string, Source>();
  private labels: ReadonlyMap<string, string> | undefined;
  /** Who wrote the last line, and is present: mostly the one who writes the next, too. */
  private last: Source | undefined;

  /** Notes who comes and who goes. */
  note(entry: LogEntry): void {
    if (entry.type === 'line') {
      const { line } = entry;
      if (line.pod === this.last?.pod && line.container === this.last.container) return;
      const key = keyOf(line);
      if (!this.present.has(key)) this.change(() => this.present.set(key, line));
      this.last = line;
    } else if (entry.type === 'gone') {
      this.change(() => this.present.clear());
    } else if (entry.type === 'ended' && this.present.has(keyOf(entry))) {
      this.change(() => this.present.delete(keyOf(entry)));
    }
  }

  /** What stands before a line of a speaker, brackets and a space included; empty when there is only one. */
  prefixOf(source: Source): string {
    if (this.present.size < 2) return '';
    this.labels ??= labelsOf([...this.present.values()]);
    return this.labels.get(keyOf(source)) ?? '';
  }

  private change(act: () => unknown): void {
    act();
    this.last = undefined;
    this.labels = undefined;
  }
}

interface Source {
  readonly pod: string;
  readonly container: string;
}

function labelsOf(sources: readonly Source[]): ReadonlyMap<string, string> {
  const severalPods = new Set(sources.map(({ pod }) => pod)).size > 1;
  const severalContainers = new Set(sources.map(({ container }) => container)).size > 1;
  const endings = sources.map(({ pod }) => shortPod(pod));
  const distinct = new Set(endings).size === new Set(sources.map(({ pod }) => pod)).size;
  const labels = sources.map((source) => {
    const pod = distinct ? shortPod(source.pod) : source.pod;
    return [...(severalPods ? [pod] : []), ...(severalContainers ? [source.container] : [])].join('/');
  });
  const width = Math.max(...labels.map((label) => label.length)) + '[] '.length;
  return new Map(sources.map((source, index) => [keyOf(source), `[${labels[index] ?? ''}] `.padEnd(width)]));
}

/** What Kubernetes appends to a workload's name: the random part of a pod's, or its number. */
function shortPod(pod: string): string {
  return pod.slice(pod.lastIndexOf('-') + 1);
}

function keyOf({ pod, container }: Source): string {
  return `${pod}/${container}`;
}
