using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Http;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Requests;
using Mistral.Ilgpu.Server.Security;

namespace Mistral.Ilgpu.Server.Embeddings;

/// <summary><c>POST /v1/embeddings</c>: vectors of length 1, so that the dot product of two is their cosine.</summary>
internal sealed class EmbeddingEndpoint(ModelCatalog models, KeyLimits limits)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (fields, _) = await RequestBody.ReadAsync(context, EmbeddingJson.Api.EmbeddingRequest, models.Options);
        if (fields.EncodingFormat is not (null or "float" or "base64"))
        {
            throw ApiException.Wrong("encoding_format", fields.EncodingFormat, "float or base64");
        }

        using var lease = await models.LeaseAsync(context, fields.Model);
        var model = lease.Model;
        if (fields.Dimensions is { } dimensions && dimensions != model.Language.Info.Dim)
        {
            throw ApiException.Wrong("dimensions", $"{dimensions}", $"{model.Language.Info.Dim}, the model's");
        }

        var adapters = model.AdaptersOf(fields.Model);
        var prompts = PromptFields.Read(fields.Input, "input", model);
        if (prompts.Count > model.Options.MaxAnswers)
        {
            throw ApiException.Wrong("input", $"{prompts.Count} texts", $"at most {model.Options.MaxAnswers}");
        }

        prompts.ToList().ForEach(prompt => model.RequireLength(prompt.Length, "input"));
        int tokens = prompts.Sum(prompt => prompt.Length);
        limits.Take(context, tokens);
        float[][] vectors = await EmbedAsync(model, prompts, adapters, context.RequestAborted);
        await context.Response.WriteAsJsonAsync(
            new EmbeddingList(
                [.. vectors.Select((vector, i) => new EmbeddingList.Item(i, Encode(vector, fields.EncodingFormat == "base64")))],
                fields.Model ?? model.Name, new EmbeddingList.EmbeddingUsage(tokens, tokens)),
            EmbeddingJson.Api.EmbeddingList);
    }

    private static async Task<float[][]> EmbedAsync(
        ServedModel model, IReadOnlyList<int[]> prompts, IReadOnlyList<string> adapters, CancellationToken cancellation)
    {
        var vectors = new float[prompts.Count][];
        // As many at once as the engine runs, so that a long list does not fill its queue.
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = model.Language.Info.MaxTexts, CancellationToken = cancellation,
        };
        await Parallel.ForAsync(0, prompts.Count, parallel, async (index, cancel) =>
        {
            float[] vector = await model.Language.EmbedAsync(prompts[index], model.Pooling, adapters, cancel);
            float length = TensorPrimitives.Norm<float>(vector);
            if (length > 0)
            {
                TensorPrimitives.Divide(vector, length, vector);
            }

            vectors[index] = vector;
        });
        return vectors;
    }

    private static JsonElement Encode(float[] vector, bool isBase64) => isBase64
        ? JsonSerializer.SerializeToElement(
            Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan())), EmbeddingJson.Api.String)
        : JsonSerializer.SerializeToElement(vector, EmbeddingJson.Api.SingleArray);
}
