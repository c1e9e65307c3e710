using System.Text.Json;

namespace Mistral.Ilgpu.Server.Embeddings;

/// <summary>Vectors of texts.</summary>
internal sealed record EmbeddingList(
    IReadOnlyList<EmbeddingList.Item> Data, string Model, EmbeddingList.EmbeddingUsage Usage)
{
    public string Object { get; } = "list";

    /// <param name="Embedding">A list of numbers, or base64.</param>
    internal sealed record Item(int Index, JsonElement Embedding)
    {
        public string Object { get; } = "embedding";
    }

    internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);
}
