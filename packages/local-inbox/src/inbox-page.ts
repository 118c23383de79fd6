/** One page without anything from elsewhere. What messages say is set as text, never as markup; their HTML lives in a sandboxed frame. */
export const inboxPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tandem inbox</title>
<style>
body{font:15px/1.4 system-ui,sans-serif;margin:0;display:grid;grid-template-columns:24em 1fr;height:100vh;color:#222}
#side{overflow:auto;border-right:1px solid #ddd} header{padding:.7em 1em;display:flex;gap:1em;align-items:center;border-bottom:1px solid #ddd}
h1{font-size:1em;margin:0;flex:1} ul{list-style:none;margin:0;padding:0} li button{all:unset;display:block;width:100%;box-sizing:border-box;padding:.6em 1em;border-bottom:1px solid #eee;cursor:pointer}
li button:hover,li button:focus-visible,li button[aria-current=true]{background:#eef4ff} small{color:#666;display:block} .copy{color:#b00}
main{display:flex;flex-direction:column;overflow:auto;padding:1em} iframe{flex:1;border:1px solid #ddd;min-height:20em} pre{white-space:pre-wrap}
</style></head><body>
<div id="side"><header><h1>Inbox</h1><button id="clear">Clear</button></header><ul id="list"></ul></div>
<main id="main"><p>Mail and text messages that the platform sends end here. Choose one.</p></main>
<script>
let shown = 0;
const el = (name, text, className) => { const e = document.createElement(name); if (text) e.textContent = text; if (className) e.className = className; return e; };
const show = async (id) => {
  const m = await (await fetch("/api/messages/" + id)).json();
  shown = id;
  const main = document.getElementById("main");
  main.replaceChildren(el("h2", m.subject || "Text message"), el("small", m.kind + " from " + m.from + " to " + m.to.join(", ") + ", " + m.receivedAt));
  if (m.copy) main.append(el("p", "The same message came before (copy " + (m.copy + 1) + ").", "copy"));
  if (m.html) { const f = el("iframe"); f.setAttribute("sandbox", ""); f.title = "message"; f.src = "/api/messages/" + id + "/html"; main.append(f); }
  const details = el("details"); if (!m.html) details.open = true;
  details.append(el("summary", "Text"), el("pre", m.text));
  const head = el("details"); head.append(el("summary", "Headers"), el("pre", Object.entries(m.headers).map(([k, v]) => k + ": " + v).join("\\n")));
  main.append(details, head);
  refresh();
};
const refresh = async () => {
  const { messages } = await (await fetch("/api/messages?limit=200")).json();
  document.getElementById("list").replaceChildren(...messages.map((m) => {
    const li = el("li"), b = el("button");
    b.append(el("span", m.subject || m.text.slice(0, 60)), el("small", m.to.join(", ") + " · " + m.receivedAt.slice(11, 19)));
    if (m.copy) b.append(el("small", "again", "copy"));
    if (m.id === shown) b.setAttribute("aria-current", "true");
    b.onclick = () => show(m.id); li.append(b); return li;
  }));
};
document.getElementById("clear").onclick = async () => { await fetch("/api/messages", { method: "DELETE" }); refresh(); };
refresh(); setInterval(refresh, 2000);
</script></body></html>
`;
