import { Burst } from '../burst';
import { changedNodes } from './changes';
import type { TreeNode } from './node';

export interface Canvas {
  /** Whether anybody sees it. */
  isVisible(): boolean;
  /** The rows as they are now. */
  look(): readonly TreeNode[];
  /** Draws these rows anew, with all below them; undefined: all there are. */
  draw(changed: readonly TreeNode[] | undefined): void;
}

/** An editor that has just shown the view asks for its rows, and passes over a change that comes meanwhile; milliseconds. */
const SHOWN_MS = 50;

/** What a tree shows. It is drawn where it changed, in bursts, and not while it is hidden. */
export class Drawing {
  private rows: readonly TreeNode[];
  private readonly burst = new Burst(() => this.update(), undefined, SHOWN_MS);

  /** To be called when something may have changed, and when the tree was shown or hidden. */
  readonly mayHaveChanged = this.burst.request;

  constructor(private readonly canvas: Canvas) {
    this.rows = canvas.look();
  }

  /** The rows at the top as they were last drawn. */
  get shown(): readonly TreeNode[] {
    return this.rows;
  }

  /** The rows at the top for whoever draws them all: the newest, since a change told meanwhile may get lost. */
  renewed(): readonly TreeNode[] {
    this.rows = this.canvas.look();
    return this.rows;
  }

  dispose(): void {
    this.burst.dispose();
  }

  private update(): void {
    if (!this.canvas.isVisible()) return;
    const before = this.rows;
    this.rows = this.canvas.look();
    const changed = changedNodes(before, this.rows);
    if (changed === undefined || changed.length > 0) this.canvas.draw(changed);
  }
}
