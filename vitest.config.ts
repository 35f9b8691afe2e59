import { defineConfig } from 'vitest/config';

const conditions = ['source', 'node', 'import', 'default'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/architecture/**/*.test.ts'],
          isolate: false,
          pool: 'threads',
          execArgv: ['--conditions=source'],
          server: { deps: { inline: [/@millrace\//, /^millrace$/] } },
        },
      },
    ],
  },
});
