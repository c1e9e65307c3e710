using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>
/// Turns texts into vectors of length 1: v / √(v · v) of the model's pooled hidden states. The dot product of two is then
/// their cosine, as stores of vectors expect.
/// </summary>
internal sealed class MistralEmbeddingGenerator(LanguageModel model, EmbeddingPooling pooling)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata _metadata = new(
        MistralChatClient.Provider, defaultModelId: model.Info.Name, defaultModelDimensions: model.Info.Dim);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        Check(options);
        string[] texts = [.. values];
        var vectors = new float[texts.Length][];
        // As many at once as the engine runs, so that a long list does not fill its queue.
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = model.Info.MaxTexts, CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(0, texts.Length, parallel, async (index, cancellation) =>
        {
            float[] vector = await model.EmbedAsync(texts[index], pooling, cancellation).ConfigureAwait(false);
            float length = TensorPrimitives.Norm<float>(vector);
            if (length > 0)
            {
                TensorPrimitives.Divide(vector, length, vector);
            }

            vectors[index] = vector;
        }).ConfigureAwait(false);

        long tokens = texts.Sum(TokensOf);
        var created = DateTimeOffset.UtcNow;
        return new GeneratedEmbeddings<Embedding<float>>(
            vectors.Select(vector => new Embedding<float>(vector) { CreatedAt = created, ModelId = model.Info.Name }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(model) ? model
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    public void Dispose()
    {
        // The model is its owner's to dispose of.
    }

    private void Check(EmbeddingGenerationOptions? options)
    {
        const string Type = nameof(EmbeddingGenerationOptions);
        Refusals.RequireModel(options?.ModelId, model.Info.Name, Type);
        Refusals.RequireNothing(options?.AdditionalProperties, Type);
        if (options?.Dimensions is { } dimensions && dimensions != model.Info.Dim)
        {
            throw new NotSupportedException($"{Type}.Dimensions: found {dimensions}, expected {model.Info.Dim}, the model's");
        }

        if (options?.RawRepresentationFactory?.Invoke(this) is { } raw)
        {
            throw new NotSupportedException($"{Type}.RawRepresentationFactory: found {raw.GetType().Name}, expected null");
        }
    }

    // The token that starts a text is computed too.
    private int TokensOf(string text) => model.Tokenizer.CountTokens(text) + (model.Tokenizer.BosId >= 0 ? 1 : 0);
}
