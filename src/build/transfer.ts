import type { Docker } from '../tools';
import type { BuildEvent } from './types';

/** One message of the engine while it pulls or pushes; any field may be absent. */
export interface TransferMessage {
  readonly status?: string;
  /** The layer. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly aux?: { readonly Digest?: string };
}

/**
 * Follows a pull or push to its end. Bytes become `transfer` events.
 *
 * @throws Error with what the engine says, also when it says so in the middle of its stream.
 */
export function followTransfer(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  image: string,
  onEvent?: (event: BuildEvent) => void,
): Promise<readonly TransferMessage[]> {
  return new Promise((resolve, reject) => {
    const onEnd = (error: Error | null, messages: TransferMessage[]) => {
      const refusal = messages.find((message) => message.error !== undefined)?.error;
      if (error) reject(error);
      else if (refusal !== undefined) reject(new Error(refusal));
      else resolve(messages);
    };
    docker.modem.followProgress(stream, onEnd, ({ id, progressDetail }: TransferMessage) => {
      const { current, total } = progressDetail ?? {};
      if (id === undefined || current === undefined) return;
      onEvent?.({ type: 'transfer', stepId: image, name: id, current, total: total ?? 0 });
    });
  });
}

/** The signal as dockerode takes it. */
export function abortOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}
