namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// The text tower of a checkpoint of text and images: its tensors' names start otherwise than those of a text model, and those of
/// the towers beside it are left out, because images are not read.
/// </summary>
internal static class TextTower
{
    /// <summary>What is read of such a checkpoint, in words.</summary>
    public const string Alone = "the text tower alone";

    // What Mistral's own releases name the parts for images.
    private static readonly string[] NativeImages =
        ["vision_encoder.", "vision_language_adapter.", "patch_merger.", "pre_mm_projector_norm."];

    private static readonly string[] Images = ["vision_tower.", "multi_modal_projector."];

    /// <summary>How the names of a text model start, and those of the tower: as files are released, and as transformers names
    /// them since.</summary>
    private static readonly (string Text, string Tower)[][] Starts =
    [
        [("model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
        [("model.", "model.language_model.")],
    ];

    /// <summary>The tensors of a Hugging Face checkpoint under the names that it has for them, or null where it is one of text
    /// alone.</summary>
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

    /// <summary>The same tensors without those for images in a release of Mistral's own.</summary>
    public static IEnumerable<StoredTensor> WithoutImages(IEnumerable<StoredTensor> stored) =>
        stored.Where(tensor => !NativeImages.Any(image => Begins(tensor, image)));

    private static string Named(string name, (string Text, string Tower)[] starts)
    {
        var (text, tower) = starts.FirstOrDefault(start => name.StartsWith(start.Text, StringComparison.Ordinal));
        return text is null ? name : tower + name[text.Length..];
    }

    private static bool Begins(StoredTensor tensor, string start) => tensor.Name.StartsWith(start, StringComparison.Ordinal);
}
