const MAX_MESSAGE_BYTES = 64 * 1024;

/** The message in the body of a refused request: that of a Kubernetes `Status`, else the text itself. */
export async function kubernetesError(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_MESSAGE_BYTES) break;
    }
  } catch {
    // The refusal stands, with as much of its reason as arrived.
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not every refusal is a Status; the kubelet's are plain text.
  }
  return text === '' ? 'no reason given' : text;
}
