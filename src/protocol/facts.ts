/**
 * A fact about the service, with where it is known from and how sure it is. Only sure facts may refuse
 * a setting: the tables age, and users must not be their prisoners.
 */
export type Fact<T> = {
  readonly value: T;
  /** Short name of the page or measurement. */
  readonly source: string;
  /** `sure`: documented or measured, nothing against it. `uncertain`: one weak source. `disputed`: sources differ. */
  readonly confidence: 'sure' | 'uncertain' | 'disputed';
};

export const sure = <T>(value: T, source: string): Fact<T> => ({
  value,
  source,
  confidence: 'sure',
});
export const uncertain = <T>(value: T, source: string): Fact<T> => ({
  value,
  source,
  confidence: 'uncertain',
});
export const disputed = <T>(value: T, source: string): Fact<T> => ({
  value,
  source,
  confidence: 'disputed',
});
