// A caller in TypeScript, which compiles only while the contract has what it uses.
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./generated.js";

type Job = components["schemas"]["JobView"];
type Problem = components["schemas"]["Problem"];

const client = createClient<paths>({ baseUrl: "http://localhost:8000" });

export async function categorize(tenant: string, item: string, labels: string[]): Promise<string> {
  const { data, error, response } = await client.POST("/api/v1/categorize", {
    body: {
      tenant_id: tenant,
      feature: "categorization",
      payload: { item_name: item, candidate_labels: labels },
    },
  });
  if (error) return refused(error, response);
  return data.payload ? data.payload.category : "";
}

export async function submit(tenant: string, image: string): Promise<Job> {
  const { data, error, response } = await client.POST("/api/v1/jobs", {
    params: { header: { Prefer: "wait=30", "Idempotency-Key": "receipt-7" } },
    body: {
      tenant_id: tenant,
      feature: "receipt_extraction",
      payload: { image_base64: image },
    },
  });
  if (error) return refused(error, response);
  return data;
}

export async function read(tenant: string, id: string): Promise<Job["status"]> {
  const { data, error, response } = await client.GET("/api/v1/jobs/{job_id}", {
    params: { path: { job_id: id }, query: { wait: 25 }, header: { "X-Tenant-ID": tenant } },
  });
  if (error) return refused(error, response);
  return data.status;
}

export async function submitMany(tenant: string, items: string[]): Promise<string[]> {
  const { data, error, response } = await client.POST("/api/v1/jobs/batch", {
    params: { header: { "Idempotency-Key": "pantry-7" } },
    body: {
      tenant_id: tenant,
      jobs: items.map((item) => ({
        feature: "categorization" as const,
        payload: { item_name: item, candidate_labels: ["Dairy", "Produce"] },
        idempotency_key: item,
      })),
    },
  });
  if (error) return refused(error, response);
  return data.results.map(({ job, error }) => (job ? job.id : `${error?.code} ${error?.retry_after}`));
}

export async function readMany(tenant: string, ids: string[]): Promise<[Job[], string[]]> {
  const { data, error, response } = await client.GET("/api/v1/jobs", {
    params: { query: { ids: [ids.join(",")], wait: 25 }, header: { "X-Tenant-ID": tenant } },
  });
  if (error) return refused(error, response);
  return [data.jobs, data.missing ?? []];
}

function refused(problem: Problem, response: Response): never {
  const later = problem.retryable ? response.headers.get("Retry-After") : null;
  throw new Error(`${problem.error}: ${problem.detail} ${later ?? ""}`);
}

// The operations have the names of the document.
export type Submit = operations["submitJob"]["responses"][202]["content"]["application/json"];
