// The wording of the engine, BuildKit and Go's net package: nothing in their answers tells these apart but the text.

/** Whether a message says that the engine's connection broke or never came about. */
export function isEngineGone(message: string): boolean {
  return /cannot connect to the docker daemon|error during connect|error reading from server: (EOF|.*connection reset)|rpc error: code = Unavailable|transport is closing|closed network connection|http2: client connection lost|graceful_stop|failed to dial gRPC|listing workers for Build|docker daemon is not running/i.test(
    message,
  );
}

/** Whether a message says that a host was not found, or did not answer. */
export function isNetworkTrouble(message: string): boolean {
  return /dial tcp|no such host|network is unreachable|no route to host|connection (refused|reset|timed out)|i\/o timeout|TLS handshake timeout|context deadline exceeded|Client\.Timeout|proxyconnect|x509:|server misbehaving|temporary failure (in name resolution|resolving)|could not resolve (host|proxy)|name or service not known/i.test(
    message,
  );
}

export function isDiskFull(message: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(message);
}

/** Whether a registry refused, rather than not knowing the image. */
export function isAccessDenied(message: string): boolean {
  return /unauthorized|authentication required|no basic auth credentials|denied|forbidden/i.test(message);
}
