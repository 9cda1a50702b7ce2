import { CountingProxy } from './counting-proxy';

/** A unix socket in front of the engine's, which can go away in the middle of everything, as an engine that dies does. */
export class SocketProxy extends CountingProxy {
  constructor(
    target: string,
    readonly path: string,
  ) {
    super({ path: target }, { path });
  }

  /** Cuts every connection and refuses new ones. */
  die(): Promise<void> {
    return this.cut();
  }
}
