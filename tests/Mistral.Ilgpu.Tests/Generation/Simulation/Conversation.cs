using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>A text whose turns go on in one place of the cache.</summary>
internal sealed class Conversation
{
    public KeptSequence Kept { get; } = new();

    /// <summary>The tokens so far, answers included.</summary>
    public int[] Ids { get; set; } = [];
}
