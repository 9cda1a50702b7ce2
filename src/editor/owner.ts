import { EventEmitter, type Event } from 'vscode';

/** Anything that ends what it holds; `vscode.Disposable` is one. */
export interface Disposable {
  dispose(): unknown;
}

/**
 * Owns what others are to dispose of with it, in reverse order. What is handed over too late is disposed of at once.
 */
export class Owner implements Disposable {
  private readonly owned: Disposable[] = [];
  private ending: Promise<void> | undefined;

  get disposed(): boolean {
    return this.ending !== undefined;
  }

  /** Takes over the end of something and hands it back. */
  protected own<T extends Disposable>(item: T): T {
    if (this.disposed) void item.dispose();
    else this.owned.push(item);
    return item;
  }

  /** An event of the owner's, and how it is fired. */
  protected event<T>(): { readonly event: Event<T>; fire(value: T): void } {
    return this.own(new EventEmitter<T>());
  }

  /** An event without a content of its own. */
  protected signal(): { readonly event: Event<void>; fire(): void } {
    return this.own(new EventEmitter<void>());
  }

  /** Settles when everything has ended; one that fails does not keep the others from ending. */
  dispose(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  private async end(): Promise<void> {
    const items = this.owned.splice(0).reverse();
    const results = await Promise.allSettled(items.map((item) => Promise.resolve().then(() => item.dispose())));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
