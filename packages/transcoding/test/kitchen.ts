import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
} from "@connectrpc/connect";
import { createTranscoder, type RestRequest, type Transcoder, type TranscoderSettings } from "../src/index.ts";
import { type BookSchema, LibraryService } from "./gen/kitchen/v1/library_pb.ts";
import { LeafSchema, SinkService } from "./gen/kitchen/v1/sink_pb.ts";

export const book = (name: string): MessageInitShape<typeof BookSchema> => ({
  name,
  title: "Dune",
  copies: 3n,
  tags: ["sand"],
});

/** The kitchen's services: the sink echoes; the library answers by its request, or as its shelf is called. */
export const kitchenRoutes = (router: ConnectRouter): void => {
  const echo = <T>(message: T): T => message;
  router.service(SinkService, {
    querySink: echo,
    bodySink: echo,
    mixedSink: echo,
    deepSink: echo,
    listBodySink: echo,
    scalarBodySink: echo,
  });
  router.service(LibraryService, {
    getShelf: ({ shelf }, context) => {
      context.responseHeader.set("etag", '"1"');
      context.responseTrailer.set("x-cost", "7");
      if (shelf === "missing") {
        throw new ConnectError("no such shelf", Code.NotFound, { "x-reason": "never built" }, [
          { desc: LeafSchema, value: create(LeafSchema, { id: "why" }) },
        ]);
      }
      if (shelf === "broken") throw new Error("secret: the database password is hunter2");
      return { shelf, theme: context.requestHeader.get("prefer") ?? "" };
    },
    searchShelves: ({ theme }) => ({ shelves: [{ shelf: "found", theme }] }),
    getBook: ({ name }) => book(name),
    listBooks: ({ parent, pageSize }) => ({ books: [book(`${parent}/books/${pageSize}`)], nextPageToken: "n" }),
    createBook: (request, context) => {
      context.responseHeader.set("location", `/v1/${request.book?.name ?? ""}`);
      return {
        name: request.book?.name ?? "",
        title: `${request.parent}|${request.requestId}|${request.book?.title ?? ""}`,
      };
    },
    updateBook: ({ book: updated }) => updated ?? {},
    deleteBook: () => ({}),
    lendBook: ({ name, reader }) => ({ name, title: reader }),
    downloadBook: ({ name }) => ({ contentType: "text/plain", data: new TextEncoder().encode(name) }),
    uploadBook: ({ name, content }) => ({ name, title: `${content?.contentType} ${content?.data.length}` }),
    getFile: echo,
    anything: echo,
    purge: echo,
    async *exportShelf({ shelf }) {
      for (const part of ["a,b", "\n", "1,2"]) {
        yield { contentType: "text/csv", data: new TextEncoder().encode(part) };
        if (shelf === "broken") throw new ConnectError("the shelf broke", Code.DataLoss);
      }
    },
    async *watchShelf({ shelf }, context) {
      context.responseHeader.set("x-stream", "yes");
      if (shelf === "missing") throw new ConnectError("no such shelf", Code.NotFound);
      for (let index = 0; shelf !== "empty"; index += 1) {
        if (shelf === "broken" && index === 2) throw new ConnectError("the shelf broke", Code.DataLoss);
        if (shelf !== "endless" && index === 3) return;
        if (context.signal.aborted) return;
        yield book(`${shelf}/${index}`);
      }
    },
  });
};

export const kitchenHandlers = (options: ConnectRouterOptions = {}) => {
  const router = createConnectRouter(options);
  kitchenRoutes(router);
  return router.handlers;
};

export const createKitchen = (settings: TranscoderSettings = {}, router: ConnectRouterOptions = {}): Transcoder =>
  createTranscoder({ routes: kitchenRoutes, routerOptions: router, ...settings });

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body; undefined when it is no JSON. */
  readonly json: unknown;
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export type Call = Partial<Omit<RestRequest, "body" | "headers">> & {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
};

/** "GET /v1/..." with a JSON body, or a string or bytes as they are. */
export const call = async (
  transcoder: Transcoder,
  line: string,
  { body, headers = {}, ...rest }: Call = {},
): Promise<Answer> => {
  const space = line.indexOf(" ");
  const bytes =
    body === undefined
      ? undefined
      : body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const response = await transcoder.handle({
    method: line.slice(0, space),
    url: line.slice(space + 1),
    headers: new Headers(headers),
    body: bytes,
    ...rest,
  });
  const chunks: Uint8Array[] = [];
  if (response.body instanceof Uint8Array) chunks.push(response.body);
  else for await (const chunk of response.body ?? []) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
};
