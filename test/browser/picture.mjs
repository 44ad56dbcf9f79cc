// Pictures for the guide: what a page shows, as a PNG with a palette, because a screen of text has few colours.
import { writeFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";

// picture leaves what is seen in a file. helper is a page that may run scripts: it decodes and counts.
export async function picture(page, helper, path) {
  const png = await page.screenshot({ animations: "disabled", caret: "hide", fullPage: true, scale: "css" });
  const { width, height, palette, pixels } = await helper.evaluate(inPalette, png.toString("base64"));
  await writeFile(path, indexed(width, height, Buffer.from(palette), Buffer.from(pixels, "base64")));
}

// inPalette runs in a page: the 255 most frequent colours, and for all others the nearest of them.
async function inPalette(png) {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const all = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const times = new Map();
  for (const c of all) times.set(c & 0xf8f8f8, (times.get(c & 0xf8f8f8) ?? 0) + 1); // shades that nobody tells apart are one
  const kept = [...times].sort((a, b) => b[1] - a[1]).slice(0, 40).map(([c]) => c);
  const seen = new Map(); // the true colour of each shade: its first
  for (const c of all) if (!seen.has(c & 0xf8f8f8)) seen.set(c & 0xf8f8f8, c);
  const apart = (a, b) => Math.abs((a & 255) - (b & 255)) + Math.abs(((a >> 8) & 255) - ((b >> 8) & 255)) + Math.abs(((a >> 16) & 255) - ((b >> 16) & 255));
  const index = new Map([...times.keys()].map((c) => [c, kept.reduce((best, k, i) => (apart(c, k) < apart(c, kept[best]) ? i : best), 0)]));
  const out = new Uint8Array(all.length);
  all.forEach((c, i) => (out[i] = index.get(c & 0xf8f8f8)));
  let text = "";
  for (let i = 0; i < out.length; i += 32768) text += String.fromCharCode(...out.subarray(i, i + 32768));
  const palette = kept.flatMap((k) => [seen.get(k) & 255, (seen.get(k) >> 8) & 255, (seen.get(k) >> 16) & 255]);
  return { width, height, palette, pixels: btoa(text) };
}

// indexed writes a PNG of a palette, one byte a pixel.
function indexed(width, height, palette, pixels) {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) pixels.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const chunk = (name, data) => {
    const named = Buffer.concat([Buffer.from(name), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const magic = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([magic, chunk("IHDR", head), chunk("PLTE", palette), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
