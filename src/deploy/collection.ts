import { Reflector, type KubeApi } from '../tools';
import type { KubeObject } from './objects';

/** The live objects of one kind, whole. */
export class Collection<T extends KubeObject> extends Reflector<T> {
  constructor(api: KubeApi, path: string, query: Readonly<Record<string, string>> = {}) {
    super(api, path, (object) => object as T, { query });
  }

  /** The object of that name, if it is there and not about to go. */
  named(name: string): T | undefined {
    return [...this.objects.values()].find(
      ({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined,
    );
  }
}
