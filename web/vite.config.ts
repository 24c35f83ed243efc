// One entry per page ("island"); files are built where the product serves them, nothing is fetched from elsewhere.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const entry = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Every browser of the last ten years reads WOFF2; the older copy of each font slice is left out.
const onlyWoff2 = {
  name: "only-woff2",
  enforce: "pre" as const,
  transform: (code: string, id: string) =>
    id.includes("@fontsource") ? code.replace(/,\s*url\([^)]*\.woff\)\s*format\(['"]woff['"]\)/g, "") : undefined,
};

export default defineConfig({
  plugins: [onlyWoff2],
  base: "/static/built/",
  build: {
    outDir: entry("../src/everlit/web/static/built"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: {
        site: entry("src/site.ts"),
        map: entry("src/map/map.ts"),
        board: entry("src/board/board.ts"),
        now: entry("src/now/now.ts"),
      },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: ({ names }) => (names[0]?.endsWith(".css") ? "[name][extname]" : "assets/[name]-[hash][extname]"),
      },
    },
  },
});
