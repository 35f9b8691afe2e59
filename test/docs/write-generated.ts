/** Writes the pages of docs/ that are made from the code: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';
import { generatedPages } from './generated.ts';

for (const { path, text } of await generatedPages()) writeFileSync(join(root, path), text);
