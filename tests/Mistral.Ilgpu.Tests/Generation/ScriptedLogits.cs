using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>A model that follows a script: after n tokens of output its likeliest is the script's n-th token.</summary>
internal sealed class ScriptedLogits(int vocabularySize, int promptLength, params int[] script) : ILogitSource
{
    public int VocabularySize => vocabularySize;

    public int? Context { get; init; }

    public int Position => Read.Count;

    public List<int> Read { get; } = [];

    /// <summary>Called before each pass.</summary>
    public Action? OnForward { get; init; }

    public void Forward(ReadOnlySpan<int> ids, TokenChoice choice, CancellationToken cancellation)
    {
        OnForward?.Invoke();
        cancellation.ThrowIfCancellationRequested();
        Read.AddRange(ids);
    }

    public int Choose() => script[Math.Min(Read.Count - promptLength, script.Length - 1)];

    public void ReadLogits(Span<float> logits)
    {
        logits.Fill(1);
        logits[Choose()] = 10;
    }
}
