/** placeholder */
export type Client = 'SDK' | 'Firebase' | 'raw';
export type Proof = { client: Client; file: string; test: string; fields: readonly string[] };
export const PROVEN: readonly Proof[] = [];
