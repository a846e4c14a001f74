/** What config.json may hold. Imported on demand: zod takes longer to load than everything else that a start needs. */
import * as z from 'zod';

const VALUE = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);

export const CONFIG_SHAPE = z.record(z.string(), VALUE);
