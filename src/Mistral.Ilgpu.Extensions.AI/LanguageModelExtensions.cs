using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>A <see cref="LanguageModel"/> behind the interfaces of Microsoft.Extensions.AI.</summary>
public static class LanguageModelExtensions
{
    /// <summary>Makes a client that answers conversations with a model.</summary>
    /// <remarks>The client is for any thread. It does not own the model: disposing of the client frees nothing.</remarks>
    /// <param name="model">The model, which the client gives as a service: <c>GetService&lt;LanguageModel&gt;()</c>.</param>
    public static IChatClient AsChatClient(this LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new MistralChatClient(model);
    }

    /// <summary>Makes a generator that turns texts into vectors of length 1, so that their dot product is their cosine.</summary>
    /// <remarks>The generator is for any thread. It does not own the model: disposing of the generator frees nothing.</remarks>
    /// <param name="model">The model, which the generator gives as a service.</param>
    /// <param name="pooling">How the hidden states of a text's tokens become one vector.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(
        this LanguageModel model, EmbeddingPooling pooling = EmbeddingPooling.Mean)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Enum.IsDefined(pooling)
            ? new MistralEmbeddingGenerator(model, pooling)
            : throw new ArgumentException($"pooling {pooling}, expected Mean or LastToken", nameof(pooling));
    }
}
