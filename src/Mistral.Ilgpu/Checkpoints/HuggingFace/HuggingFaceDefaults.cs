namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>The defaults of transformers for a kind of model, for fields that config.json does not have.</summary>
/// <param name="KvHeads">Null for as many as query heads.</param>
/// <param name="HeadDim">Null for the width divided by the number of heads.</param>
internal sealed record HuggingFaceDefaults(int? KvHeads, int? HeadDim, int MaxPositions, double Epsilon, int? Window)
{
    public const string Mistral = "mistral";
    public const string Llama = "llama";
    public const string Ministral = "ministral";
    public const string Ministral3 = "ministral3";

    // Llama and Ministral compute the same as Mistral with other numbers. Ministral 3 scales positions and queries.
    private static readonly Dictionary<string, HuggingFaceDefaults> ByType = new()
    {
        [Mistral] = new(8, null, 4096 * 32, 1e-6, 4096),
        [Llama] = new(null, null, 2048, 1e-6, null),
        [Ministral] = new(8, null, 4096 * 32, 1e-6, 4096),
        [Ministral3] = new(8, 128, 262144, 1e-5, null),
    };

    public static IReadOnlyCollection<string> Types => ByType.Keys;

    public static HuggingFaceDefaults? Of(string? modelType) => modelType is null ? null : ByType.GetValueOrDefault(modelType);
}
