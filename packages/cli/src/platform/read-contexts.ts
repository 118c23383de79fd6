/** The contexts that answer through a gateway. @throws Error that names the gateway when it does not answer itself */
export const readContexts = async (gatewayUrl: string): Promise<readonly string[]> => {
  const answer = await fetch(`${gatewayUrl}/health`, { signal: AbortSignal.timeout(15_000) }).catch((cause: Error) => {
    throw new Error(`no gateway answers at ${gatewayUrl}`, { cause });
  });
  // 503 when some context is down: the others are named all the same.
  const { contexts } = (await answer.json().catch(() => ({}))) as {
    contexts?: Record<string, { readonly ok: boolean }>;
  };
  if (contexts === undefined) throw new Error(`what answers at ${gatewayUrl}/health is no gateway (${answer.status})`);
  return Object.entries(contexts).flatMap(([name, { ok }]) => (ok ? [name] : []));
};
