using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>Shows how far a long prompt has been read, which is done before the first token comes.</summary>
internal static class PromptReading
{
    /// <summary>The tokens of a generation.</summary>
    public static IEnumerable<GeneratedToken> Run(
        Generation.Generation generation, ModelText text, Narrator narrator, CancellationToken cancellation)
    {
        using var tokens = generation.Run(cancellation).GetEnumerator();
        bool isThere = ProgressBar.OverPrompt(narrator, text, generation.PromptIds.Count - text.Position, tokens.MoveNext);
        while (isThere)
        {
            yield return tokens.Current;
            isThere = tokens.MoveNext();
        }
    }
}
