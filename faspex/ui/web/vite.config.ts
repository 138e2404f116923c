import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The router serves the page beneath this path; the server in faspex/ui knows the same one.
export const basePath = '/aspera/faspex/';

export default defineConfig({
  base: basePath,
  plugins: [react()],
  build: {
    target: 'es2022',
    // The content security policy allows no data: URLs for fonts and scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 1200,
  },
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
