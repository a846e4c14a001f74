/** What a history file holds. Imported on demand: zod takes longer to load than a question needs to be sent. */
import * as z from 'zod';

export const HISTORY_SHAPE = z.array(
  z.strictObject({ role: z.enum(['user', 'model']), text: z.string().min(1) }),
);
