import type { Interceptor } from "@connectrpc/connect";
import { authorize } from "@tandem/auth";
import { runInContext } from "@tandem/runtime";
import { callStateOf } from "../call.ts";
import { toConnectError } from "../errors/to-connect-error.ts";
import type { Identify } from "./identify.ts";

/**
 * 7. Authentication, then permission by the method's proto option: deny by default. A bad token is refused on public methods too: the caller
 * believes to be someone and should learn that it is not.
 */
export const authenticate =
  (identify: Identify): Interceptor =>
  (next) =>
  async (req) => {
    const state = callStateOf(req.contextValues);
    const identity = await identify(req.header, req.contextValues);
    try {
      if (!identity.ok) throw identity.error;
      authorize(identity.principal, req.method);
      state.principal = identity.principal;
      state.caller = identity.caller;
      state.bearer = identity.bearer;
    } catch (error) {
      const { connectError, failure } = toConnectError(error);
      state.failure = failure;
      if (failure.slug.startsWith("auth.token_"))
        connectError.metadata.set("www-authenticate", 'Bearer realm="tandem"');
      throw connectError;
    }
    return runInContext({ subject: state.principal?.subject ?? "" }, () => next(req));
  };
