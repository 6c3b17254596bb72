// A person with Chromium looks at the page that `rstats report` writes, clicks through it, and uses its keyboard:
//
//     make test-browser
//
// The command is RSTATS, by default target/debug/rstats. Pictures of the page are written to target/browser/.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const rstats = process.env.RSTATS ?? join(root, "target/debug/rstats");
const pictures = join(root, "target/browser");
const wide = { width: 1200, height: 900 };
const narrow = { width: 400, height: 800 };

let browser;
let page;
const requests = [];
const failures = [];

before(async () => {
  mkdirSync(pictures, { recursive: true });
  const file = join(pictures, "report.html");
  execFileSync(rstats, ["report", "data/seattle_weather.parquet", "-g", "weather", "-o", file], { cwd: root, stdio: "ignore" });
  browser = await puppeteer.launch({
    args: [...chromium.args, "--no-sandbox"],
    executablePath: await chromium.executablePath(),
    headless: "shell",
  });
  page = await browser.newPage();
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => failures.push(String(error)));
  page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
  await page.setViewport(wide);
  await page.goto(pathToFileURL(file).href);
});

after(() => browser?.close());

const shown = () => page.$$eval(".card", (cards) => cards.filter((card) => card.checkVisibility()).map((card) => card.dataset.name));

test("nothing is loaded and nothing fails", () => {
  assert.deepEqual(requests.length, 1, requests.join(" "));
  assert.deepEqual(failures, []);
});

for (const [name, size] of Object.entries({ wide, narrow })) {
  for (const scheme of ["light", "dark"]) {
    test(`the page fits and can be read: ${name}, ${scheme}`, async () => {
      await page.setViewport(size);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`) });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= size.width, `${width} pixels of ${size.width}`);
      // WCAG 2: 4.5 to 1 for text.
      const least = await page.evaluate(() => {
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const over = (color, ground) => {
          canvas.fillStyle = ground;
          canvas.fillRect(0, 0, 1, 1);
          canvas.fillStyle = color;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (color) => {
          const [r, g, b] = color.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const grounds = (element) => {
          const all = [];
          for (let at = element; at; at = at.parentElement) all.unshift(getComputedStyle(at).backgroundColor);
          return all.reduce((ground, color) => `rgb(${over(color, ground).join()})`, "rgb(255,255,255)");
        };
        let least = { ratio: 21, text: "" };
        for (const element of document.querySelectorAll("h1, h2, h3, p, dt, dd, th, td, li, a, summary, svg text")) {
          const text = element.textContent.trim();
          if (!text || !element.checkVisibility()) continue;
          const style = getComputedStyle(element);
          const ground = grounds(element.closest("svg")?.parentElement ?? element);
          const color = element.tagName === "text" ? style.fill : style.color;
          const [a, b] = [light(over(color, ground)), light(over(ground, ground))].sort((x, y) => y - x);
          const ratio = (a + 0.05) / (b + 0.05);
          if (ratio < least.ratio) least = { ratio, text: `${element.tagName} ${text.slice(0, 40)}` };
        }
        return least;
      });
      assert.ok(least.ratio >= 4.5, `${least.ratio.toFixed(2)} of ${least.text}`);
    });
  }
}

test("each picture has a name, each table headers, each heading its level", async () => {
  const pictures = await page.$$eval("svg", (all) => all.map((svg) => svg.getAttribute("aria-label")));
  assert.ok(pictures.length > 3 && pictures.every((name) => name && name.length > 10));
  const levels = await page.$$eval("h1, h2, h3", (all) => all.map((heading) => Number(heading.tagName[1])));
  assert.equal(levels[0], 1);
  levels.slice(1).forEach((level, index) => assert.ok(level <= levels[index] + 1));
  assert.equal(await page.$$eval("tbody tr", (rows) => rows.filter((row) => !row.querySelector("th[scope=row]")).length), 0);
});

test("a column is found by typing, and a key leads there", async () => {
  await page.setViewport(wide);
  const all = await shown();
  assert.ok(all.includes("wind") && all.length > 3);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "find");
  await page.keyboard.type("TEM");
  assert.deepEqual(await shown(), ["temp_max", "temp_min"]);
  assert.equal(await page.$eval("#found", (found) => found.textContent), `2 of ${all.length} columns`);
  for (let letter = 0; letter < 3; letter += 1) await page.keyboard.press("Backspace");
  assert.deepEqual(await shown(), all);
});

test("all that can be used is reached by the keyboard", async () => {
  await page.reload();
  const reached = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const element = document.activeElement;
      return element === document.body ? null : element.id || element.className || element.tagName;
    });
    if (name === null) break;
    reached.push(name);
  }
  for (const name of ["skip", "find", "SUMMARY", "wide"]) assert.ok(reached.includes(name), `${name} in ${reached}`);
});

test("the bins open, and a warning leads to its column", async () => {
  await page.click("summary");
  assert.ok(await page.$eval("details", (details) => details.open && details.querySelector("td").checkVisibility()));
  const link = await page.$(".warnings a");
  if (link) {
    await link.click();
    const target = await page.$eval(":target", (card) => card.getBoundingClientRect().top);
    assert.ok(target >= 0 && target < wide.height);
  }
});
