// The pieces of the panel, and how they look. Colours, corners and parts are the page's to choose.

// el makes an element; an attribute that is false is not there.
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string | boolean> = {}, ...inside: (Node | string)[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...inside);
  return e;
}

export const sheet = new CSSStyleSheet();
sheet.replaceSync(`
dialog, section { --accent: var(--cb-accent, light-dark(#0b57c9, #8ab8ff)); --on: var(--cb-on-accent, light-dark(#fff, #0a1a33));
  --bg: var(--cb-bg, light-dark(#fff, #1e232b)); --fg: var(--cb-fg, light-dark(#1a2029, #eef1f5)); --line: light-dark(#737d8a, #8b95a3);
  --wrong: light-dark(#b3131b, #ffb4ae); --corner: var(--cb-radius, .5rem); box-sizing: border-box; font: 1rem/1.5 system-ui, sans-serif;
  background: var(--bg); color: var(--fg); text-align: start; overflow-wrap: anywhere }
dialog { inline-size: min(30rem, 100vw - 1rem); max-block-size: calc(100dvh - 1rem); border: 1px solid var(--line); border-radius: var(--corner); padding: 1.25rem; z-index: 2147483647 }
dialog:not(:modal) { position: fixed; inset-block: auto .5rem; inset-inline: auto .5rem; margin: 0 }
dialog::backdrop { background: #0008 }
* { box-sizing: border-box }
.head { display: flex; justify-content: space-between; align-items: start; gap: 1rem }
h2 { font-size: 1.25rem; line-height: 1.3; margin: .5rem 0 }
p { margin: .5rem 0 }
.field { margin-block: 1rem }
label, legend { font-weight: 600 }
fieldset { border: 1px solid var(--line); border-radius: var(--corner); margin: 1rem 0; padding: .5rem 1rem }
input:not([type=radio], [type=checkbox]), select { display: block; inline-size: 100%; min-block-size: 44px; margin-block-start: .25rem; padding: .5rem .75rem;
  border: 1px solid var(--line); border-radius: var(--corner); background: var(--bg); color: var(--fg); font: inherit }
.choice { display: flex; gap: .75rem; align-items: start; min-block-size: 44px; padding-block: .5rem; font-weight: 400 }
.choice input { inline-size: 24px; block-size: 24px; flex: none; margin: 0; accent-color: var(--accent) }
[aria-invalid=true] { border: 2px solid var(--wrong) !important }
.wrong { color: var(--wrong); font-weight: 600 }
button { font: inherit; font-weight: 600; min-block-size: 44px; min-inline-size: 44px; padding: .5rem 1.25rem; cursor: pointer;
  border: 2px solid var(--accent); border-radius: var(--corner); background: var(--accent); color: var(--on) }
.plain { background: none; color: var(--accent) }
.close { border: 0; padding: 0; font-size: 1.5rem; line-height: 1 }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-block-start: 1rem }
.message { font-size: 1.125rem; font-weight: 600 }
[aria-disabled=true] { opacity: .7; cursor: progress }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[hidden] { display: none !important }`);
