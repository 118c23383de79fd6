import { describeContract } from "./describe-contract.ts";
import { embedded } from "./run-embedded.ts";

describeContract(embedded);
