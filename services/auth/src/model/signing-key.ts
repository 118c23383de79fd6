/** A key of the JWKS. Its private half is sealed outside this file. */
export interface SigningKeyRecord {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly sealedPrivate: Buffer;
  /** Published from then on. */
  readonly createdAt: Date;
  /** Signs from then on, until the next one does. */
  readonly activeFrom: Date;
}

export interface RotationPolicy {
  /** Age at which a key gets a successor. */
  readonly rotateAfterMs: number;
  /** From publishing to signing: longer than verifiers keep a key set. */
  readonly leadMs: number;
  /** From the last signature to withdrawal: longer than any token lives. */
  readonly retainMs: number;
}

export interface RotationPlan {
  /** When the key to be made begins to sign. */
  readonly create: Date | undefined;
  /** Key ids to withdraw. */
  readonly withdraw: readonly string[];
}

const byActivation = (a: Pick<SigningKeyRecord, "activeFrom">, b: Pick<SigningKeyRecord, "activeFrom">): number =>
  a.activeFrom.getTime() - b.activeFrom.getTime();

/** The one that signs now. */
export const signingAt = <K extends Pick<SigningKeyRecord, "activeFrom">>(
  keys: readonly K[],
  now: Date,
): K | undefined =>
  keys
    .filter(({ activeFrom }) => activeFrom.getTime() <= now.getTime())
    .sort(byActivation)
    .at(-1);

/** A first key signs at once; a later one is published `leadMs` before; one that has not signed for `retainMs` goes. */
export const planRotation = (keys: readonly SigningKeyRecord[], now: Date, policy: RotationPolicy): RotationPlan => {
  const ordered = [...keys].sort(byActivation);
  const newest = ordered.at(-1);
  const nowMs = now.getTime();
  const due = newest !== undefined && nowMs - newest.activeFrom.getTime() >= policy.rotateAfterMs;
  const create = newest === undefined ? now : due ? new Date(nowMs + policy.leadMs) : undefined;
  const withdraw = ordered
    .filter((_, at) => {
      const next = ordered[at + 1];
      return next !== undefined && nowMs - next.activeFrom.getTime() >= policy.retainMs;
    })
    .map(({ kid }) => kid);
  return { create, withdraw };
};
