export interface TaxRate {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly category: string;
  /** 0 to 10 000; 1900 is 19 %. */
  readonly basisPoints: number;
  readonly version: bigint;
}
