// Writes docs/script.schema.json, the published shape of scripts, from the schema that checks them.
// Needs `npm run build`. A test says when it is out of date.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchema } from '../dist/server/script/schema.js';

const path = join(import.meta.dirname, '..', 'docs', 'script.schema.json');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
