// Makes cases.json: queries as a real rule builder writes them, and what each must mean. Run it by
// `node tests/builder/generate.mjs`; it installs the pinned package into a directory that it removes again. The
// expectations stand in cases-*.mjs, worked out by hand from docs/rule-builder.md; nothing of the library is run.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cases as groups } from './cases-groups.mjs';
import { cases as real } from './cases-real.mjs';
import { cases as values } from './cases-values.mjs';
import { names } from './names.mjs';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'builder-'));
try {
  copyFileSync(here('package.json'), join(place, 'package.json'));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: place });
  const load = createRequire(join(place, 'package.json'));
  const rqb = {
    ...load('@react-querybuilder/core'),
    ...load('@react-querybuilder/core/parseCEL'),
    ...load('@react-querybuilder/core/parseJsonLogic'),
    ...load('@react-querybuilder/core/parseMongoDB'),
    ...load('@react-querybuilder/core/parseSQL'),
  };
  const { version } = JSON.parse(readFileSync(join(place, 'node_modules/@react-querybuilder/core/package.json')));
  const all = [...real(rqb), ...values(rqb), ...groups(rqb)];
  const repeated = all.filter((one, at) => all.findIndex(other => other.case === one.case) !== at);
  if (repeated.length > 0) throw new Error(`cases named twice: ${repeated.map(one => one.case).join(', ')}`);
  const line = one => `    ${JSON.stringify(one)}`;
  writeFileSync(
    here('cases.json'),
    `{
  "description": "queries of a rule builder (@react-querybuilder/core ${version}) and the rules that they mean",
  "names": ${JSON.stringify(names, null, 2).replaceAll('\n', '\n  ')},
  "cases": [
${all.map(line).join(',\n')}
  ]
}
`,
  );
  console.log(`${all.length} cases`);
} finally {
  rmSync(place, { recursive: true });
}
