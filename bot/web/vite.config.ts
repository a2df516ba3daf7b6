/**
 * Builds the browser code: `--mode widget` makes dist/widget.js (one self-contained script), `--mode pages` makes the
 * console and the admin pages (ES modules with hashed names and dist/manifest.json). bot/web/build.py runs both.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin, UserConfig } from "vite";

const webRoot = fileURLToPath(new URL(".", import.meta.url));
const repository = resolve(webRoot, "../..");
const outDir = resolve(webRoot, process.env.WEB_OUT_DIR ?? "dist");

/**
 * The sources live in the packages they belong to, where no node_modules is near. A bare import from there is looked up
 * as if it stood in this folder.
 */
function packagesFromHere(): Plugin {
  return {
    name: "packages-from-here",
    enforce: "pre",
    async resolveId(source, importer, options) {
      const isBare = /^[@a-z]/i.test(source) && !/^@(shared|staff)\//.test(source);
      const isOurs = importer && !importer.includes("node_modules") && !importer.startsWith(webRoot);
      if (!isBare || !isOurs) {
        return null;
      }
      return this.resolve(source, join(webRoot, "vite.config.ts"), { ...options, skipSelf: true });
    },
  };
}

/** Writes `.gz` and `.br` next to every text file, which aiohttp's static handler serves by itself. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    closeBundle() {
      for (const path of filesBelow(outDir)) {
        if ([".js", ".css", ".svg", ".json"].includes(extname(path))) {
          const content = readFileSync(path);
          writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
          writeFileSync(`${path}.br`, brotliCompressSync(content));
        }
      }
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Browsers that know light-dark() in CSS: everything since May 2024. Older ones would lose the colours. */
const cssTarget = ["chrome123", "firefox120", "safari17.5"];

const shared: UserConfig = {
  root: repository,
  publicDir: false,
  cacheDir: join(webRoot, "node_modules/.vite"),
  base: "./",
  resolve: {
    alias: { "@shared": join(webRoot, "shared"), "@staff": join(webRoot, "staff") },
    dedupe: ["preact", "@preact/signals"],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  logLevel: "warn",
};

const widget: UserConfig = {
  ...shared,
  plugins: [packagesFromHere(), precompressed()],
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    cssTarget,
    lib: {
      entry: join(repository, "bot/channels/web/widget/main.ts"),
      name: "Frontline",
      formats: ["iife"],
      fileName: () => "widget.js",
    },
  },
};

/** The server-rendered pages name their files themselves; everything else is found through the manifest. */
function isPlain(name: string | undefined): boolean {
  return name === "pages" || name === "demo";
}

const pages: UserConfig = {
  ...shared,
  publicDir: join(repository, "bot/pages/public"),
  plugins: [packagesFromHere(), precompressed()],
  build: {
    outDir,
    emptyOutDir: false,
    target: "es2022",
    cssTarget,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // no data: addresses, so that the pages need no exception in their CSP
    rollupOptions: {
      input: {
        console: join(repository, "handoff/console/app/main.tsx"),
        admin: join(repository, "knowledge_base/admin/app/main.tsx"),
        pages: join(repository, "bot/pages/static/pages.ts"),
        demo: join(repository, "bot/pages/static/demo.ts"),
      },
      output: {
        entryFileNames: (chunk) => (isPlain(chunk.name) ? "[name].js" : "[name]-[hash].js"),
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: (asset) =>
          isPlain(asset.names[0]?.replace(".css", "")) ? "[name][extname]" : "[name]-[hash][extname]",
      },
    },
  },
};

const tests: UserConfig = {
  ...shared,
  root: webRoot,
  plugins: [packagesFromHere()],
  server: { fs: { allow: [repository] } },
  test: {
    environment: "happy-dom",
    dir: join(repository, "tests/web"),
    restoreMocks: true,
  },
} as UserConfig;

export default ({ mode }: { mode: string }): UserConfig =>
  mode === "widget" ? widget : mode === "pages" ? pages : tests;
