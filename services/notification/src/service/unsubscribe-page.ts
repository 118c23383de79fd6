const page = (title: string, body: string): { contentType: string; data: Uint8Array } => ({
  contentType: "text/html; charset=utf-8",
  data: new TextEncoder().encode(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>${title}</title></head>` +
      `<body style="font:16px/1.5 sans-serif;max-width:36em;margin:3em auto">${body}</body></html>`,
  ),
});

/** Asks before it does anything: mail scanners follow links. The form posts to the page's own address; nothing of the token is written into it. */
export const askPage = page(
  "Unsubscribe",
  `<h1>No more offers?</h1><p>Messages about your orders and your account still come.</p><form method="post"><button>Unsubscribe</button></form>`,
);

export const donePage = page("Unsubscribed", "<h1>Done</h1><p>You get no more offers from us.</p>");
