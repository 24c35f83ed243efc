// One entry per page ("island"); files are built where the product serves them, nothing is fetched from elsewhere.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const entry = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
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
      },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: ({ names }) => (names[0]?.endsWith(".css") ? "[name][extname]" : "assets/[name]-[hash][extname]"),
      },
    },
  },
});
