/** `npm run soak`: holds a server under load; with `--views` one that is killed every minute. See the files that it loads. */
await import(process.argv.includes('--views') ? './soak-views.ts' : './soak-queries.ts');
