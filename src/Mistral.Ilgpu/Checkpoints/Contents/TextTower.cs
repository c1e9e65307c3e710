namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// Selects the text tower of a checkpoint of text and images. Its tensors' names have other prefixes than in a text model.
/// The tensors of the vision tower and the projector are left out, because images are not supported.
/// </summary>
internal static class TextTower
{
    /// <summary>The part of such a checkpoint that is read, for people.</summary>
    public const string Alone = "the text tower alone";

    // Prefixes of the tensors for images in Mistral's own releases.
    private static readonly string[] NativeImages =
        ["vision_encoder.", "vision_language_adapter.", "patch_merger.", "pre_mm_projector_norm."];

    private static readonly string[] Images = ["vision_tower.", "multi_modal_projector."];

    /// <summary>
    /// The prefixes of a text model and of the text tower: first as in the released files, then as newer transformers write them.
    /// </summary>
    private static readonly (string Text, string Tower)[][] Starts =
    [
        [("model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
        [("model.", "model.language_model.")],
    ];

    /// <summary>
    /// The text tower's tensors under the names of a Hugging Face checkpoint; null if the checkpoint is a text model.
    /// </summary>
    public static (IEnumerable<ExpectedTensor> Expected, IReadOnlyList<StoredTensor> Stored)? Find(
        IEnumerable<ExpectedTensor> expected, IReadOnlyList<StoredTensor> stored)
    {
        foreach (var starts in Starts)
        {
            if (stored.Any(tensor => Begins(tensor, starts[0].Tower)))
            {
                return (
                    expected.Select(tensor => tensor with { SourceName = Named(tensor.SourceName, starts) }),
                    [.. stored.Where(tensor => !Images.Any(image => Begins(tensor, image) || Begins(tensor, "model." + image)))]);
            }
        }

        return null;
    }

    /// <summary>The tensors of one of Mistral's own releases without those for images.</summary>
    public static IEnumerable<StoredTensor> WithoutImages(IEnumerable<StoredTensor> stored) =>
        stored.Where(tensor => !NativeImages.Any(image => Begins(tensor, image)));

    private static string Named(string name, (string Text, string Tower)[] starts)
    {
        var (text, tower) = starts.FirstOrDefault(start => name.StartsWith(start.Text, StringComparison.Ordinal));
        return text is null ? name : tower + name[text.Length..];
    }

    private static bool Begins(StoredTensor tensor, string start) => tensor.Name.StartsWith(start, StringComparison.Ordinal);
}
